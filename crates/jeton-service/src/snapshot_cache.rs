//! Snapshots of the negatives that were taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// A snapshot, ready to send.
#[derive(Clone)]
pub struct Snapshot {
    /// Its events.
    pub events: Arc<Vec<Bytes>>,
    /// It covers everything before this sequence.
    pub next: u64,
    /// The `kid` that signed it: it is of use while that key is published.
    pub signing_key: Arc<str>,
}

/// The last snapshot of each audience: many verifiers that come at once get the same one.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<HashMap<Arc<str>, Kept>>);

#[derive(Default)]
struct Kept {
    last: Option<Snapshot>,
    turn: Turn,
}

/// Whose turn it is to take the snapshot of an audience: the others wait for it, and for nobody else's.
pub type Turn = Arc<tokio::sync::Mutex<()>>;

impl Snapshots {
    pub(crate) fn last(&self, audience: &str) -> Option<Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(audience)?.last.clone()
    }

    /// Keeps a snapshot, unless its API is gone.
    pub(crate) fn keep(&self, audience: &Arc<str>, snapshot: Snapshot, is_known: impl Fn(&str) -> bool) {
        self.with(audience, is_known, |kept| kept.last = Some(snapshot));
    }

    /// Whose turn it is. Of an API that is gone nothing is kept, and nobody waits.
    pub(crate) fn turn(&self, audience: &Arc<str>, is_known: impl Fn(&str) -> bool) -> Turn {
        self.with(audience, is_known, |kept| kept.turn.clone()).unwrap_or_default()
    }

    /// An API is gone, from where `is_known` looks too: its snapshot goes.
    pub(crate) fn forget(&self, audience: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(audience);
    }

    fn with<R>(&self, audience: &Arc<str>, is_known: impl Fn(&str) -> bool, does: impl FnOnce(&mut Kept) -> R) -> Option<R> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock: who was told that it is there is followed by who forgets it.
        is_known(audience).then(|| does(all.entry(audience.clone()).or_default()))
    }
}
