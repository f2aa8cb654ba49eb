//! Tokens that were proven, in memory.

use std::sync::Arc;

use jeton_core::token::AccessToken;
use quick_cache::sync::Cache;

use crate::text_digest::TextDigest;

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

/// Tokens whose text was seen and proven, in memory: bounded, the least used leave first.
pub(crate) struct CredentialCache(Cache<TextDigest, Arc<Proven>>);

impl CredentialCache {
    /// Room for so many.
    pub(crate) fn new(entries: usize) -> CredentialCache {
        CredentialCache(Cache::new(entries))
    }

    pub(crate) fn get(&self, seen: &TextDigest) -> Option<Arc<Proven>> {
        self.0.get(seen)
    }

    pub(crate) fn keep(&self, seen: TextDigest, proven: Arc<Proven>) {
        self.0.insert(seen, proven);
    }
}
