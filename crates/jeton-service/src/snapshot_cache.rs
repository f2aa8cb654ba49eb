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

    pub(crate) fn keep(&self, audience: &Arc<str>, snapshot: Snapshot) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(audience.clone()).or_default().last = Some(snapshot);
    }

    pub(crate) fn turn(&self, audience: &Arc<str>) -> Turn {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(audience.clone()).or_default().turn.clone()
    }
}
