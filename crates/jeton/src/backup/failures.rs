//! What went wrong with backups, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What went wrong since the start.
#[derive(Debug, Default)]
pub(super) struct Failures {
    tail: AtomicU64,
    snapshots: AtomicU64,
}

impl Failures {
    /// The tail was not shipped.
    pub(super) fn note_tail(&self) {
        self.tail.fetch_add(1, Ordering::Relaxed);
    }

    /// A snapshot was not made.
    pub(super) fn note_snapshot(&self) {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the tail was not shipped.
    pub(super) fn of_tail(&self) -> u64 {
        self.tail.load(Ordering::Relaxed)
    }

    /// How often a snapshot was not made.
    pub(super) fn of_snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }
}
