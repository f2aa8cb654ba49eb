//! The uses of limited keys: handed out in blocks by a commit, and counted down in memory. A crash loses what was handed out and not used;
//! it never adds any.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::id::ApiKeyId;
use tokio::sync::Mutex as Turn;

/// How many keys' blocks are kept; beyond, those that are used up leave, and then a block is good for one use.
const KEPT: usize = 16_384;

/// The blocks by key.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<ApiKeyId, Arc<Lease>>>);

/// What is left of a key's block.
pub(super) struct Lease {
    left: AtomicI64,
    /// How many uses were handed out in all, as far as is known here.
    leased: AtomicI64,
    /// The limit that is known to be used up: of that one nothing is left for ever.
    used_up: AtomicI64,
    /// Who fetches the next block.
    pub(super) turn: Turn<()>,
}

impl Leases {
    pub(super) fn of(&self, key: ApiKeyId) -> Arc<Lease> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = leases.get(&key) {
            return lease.clone();
        }
        if leases.len() >= KEPT {
            leases.retain(|_, lease| lease.left.load(Ordering::Acquire) > 0 || Arc::strong_count(lease) > 1);
        }
        let lease =
            Arc::new(Lease { left: AtomicI64::new(0), leased: AtomicI64::new(0), used_up: AtomicI64::new(-1), turn: Turn::default() });
        if leases.len() < KEPT {
            leases.insert(key, lease.clone());
        }
        lease
    }
}

impl Lease {
    /// Takes one use of the block, and says how many are left in all.
    pub(super) fn take(&self, max_uses: i64) -> Option<i64> {
        let before = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| (left > 0).then(|| left - 1)).ok()?;
        Some((max_uses - self.leased.load(Ordering::Acquire)).max(0) + before - 1)
    }

    /// Whether nothing is left of this limit for ever.
    pub(super) fn is_used_up(&self, max_uses: i64) -> bool {
        self.used_up.load(Ordering::Acquire) == max_uses
    }

    pub(super) fn note_used_up(&self, max_uses: i64) {
        self.used_up.store(max_uses, Ordering::Release);
    }

    /// Adds the next block, whose first use is taken already: says how many are left in all.
    pub(super) fn add(&self, granted: i64, leased: i64, max_uses: i64) -> i64 {
        self.leased.store(leased, Ordering::Release);
        self.left.fetch_add(granted - 1, Ordering::AcqRel);
        (max_uses - leased).max(0) + granted - 1
    }
}
