//! Tokens that were proven, in memory.

use std::sync::Arc;

use jeton_core::id::CredentialId;
use jeton_core::token::AccessToken;
use quick_cache::sync::Cache;

/// A token that is what it says, whether or not it is still accepted.
#[derive(Clone, Debug)]
pub struct Proven {
    /// What is kept of it.
    pub token: AccessToken,
    /// The `kid` that signed it; `None` of an opaque one.
    pub signing_key: Option<Arc<str>>,
    /// From when on it may be used, in seconds: its `iat`, or its `nbf` where that is later.
    pub not_before: i64,
}

/// Tokens that were seen, in memory: bounded, the least used leave first.
pub(crate) struct CredentialCache {
    pub(crate) opaque: Cache<CredentialId, Arc<Proven>>,
    pub(crate) signed: Cache<[u8; 32], Arc<Proven>>,
}

impl CredentialCache {
    /// Room for so many of each.
    pub(crate) fn new(entries: usize) -> CredentialCache {
        CredentialCache { opaque: Cache::new(entries), signed: Cache::new(entries) }
    }
}
