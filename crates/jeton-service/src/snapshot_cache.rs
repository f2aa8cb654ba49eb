//! Snapshots of the negatives that were taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

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
pub(crate) struct Snapshots(pub(crate) Mutex<HashMap<Arc<str>, Snapshot>>);
