//! Tokens that were proven, in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
pub(crate) struct CredentialCache {
    proven: Cache<TextDigest, Arc<Proven>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// How a cache is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheUse {
    /// How many are in it.
    pub entries: usize,
    /// How often what was asked for was there, since the start.
    pub hits: u64,
    /// How often it was not.
    pub misses: u64,
}

impl CredentialCache {
    /// Room for so many.
    pub(crate) fn new(entries: usize) -> CredentialCache {
        CredentialCache { proven: Cache::new(entries), hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    pub(crate) fn get(&self, seen: &TextDigest) -> Option<Arc<Proven>> {
        let proven = self.proven.get(seen);
        if proven.is_some() { &self.hits } else { &self.misses }.fetch_add(1, Ordering::Relaxed);
        proven
    }

    pub(crate) fn keep(&self, seen: TextDigest, proven: Arc<Proven>) {
        self.proven.insert(seen, proven);
    }

    pub(crate) fn used(&self) -> CacheUse {
        CacheUse { entries: self.proven.len(), hits: self.hits.load(Ordering::Relaxed), misses: self.misses.load(Ordering::Relaxed) }
    }
}
