//! What a verifier says about itself, for health endpoints.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jeton_oauth::feed::Cursor;

use crate::staleness::Trust;
use crate::verifier::alert::Alert;

/// How a verifier stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How its feed stands.
    pub feed: FeedStatus,
    /// How far what it knows can be relied on.
    pub trust: Trust,
    /// How long ago the last heartbeat was; `None`: there was none yet.
    pub silent_for: Option<Duration>,
    /// Up to where it knows the ledger's revocations.
    pub cursor: Option<Cursor>,
    /// How many entries the last checkpoint covered.
    pub checkpoint_size: Option<u64>,
    /// How many tokens the negatives name.
    pub negatives: usize,
    /// The names of the keys it accepts.
    pub keys: Vec<String>,
    /// How many connections to the feed were opened.
    pub connections: u64,
    /// What it did.
    pub counters: Counters,
    /// The kinds of alerts that were raised, the latest last.
    pub alerts: Vec<Alert>,
}

/// How the feed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedStatus {
    /// Heartbeats come in.
    Live,
    /// The last heartbeat was longer than three seconds ago, but not too long to accept JWTs without asking.
    Silent,
    /// The server is asked about each token.
    Stale,
}

/// What a verifier did since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Tokens accepted.
    pub accepted: u64,
    /// Tokens refused.
    pub refused: u64,
    /// Tokens that the server was asked about.
    pub asked: u64,
    /// Tokens accepted unasked while revocations could not arrive.
    pub accepted_stale: u64,
    /// Tokens accepted of the issuer before this one: once none come any more, it need not be known here.
    pub accepted_former: u64,
    /// Checks that were reported to the server.
    pub reported: u64,
    /// Checks that will not be reported: there was no room for them, or the server would not take them.
    pub unreported: u64,
    /// Changes of the feed applied.
    pub changes: u64,
    /// Alerts raised.
    pub alerts: u64,
}

/// The counters as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) asked: AtomicU64,
    pub(crate) accepted_stale: AtomicU64,
    pub(crate) accepted_former: AtomicU64,
    pub(crate) changes: AtomicU64,
    pub(crate) connections: AtomicU64,
}

impl Counting {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, alerts: u64, (reported, unreported): (u64, u64)) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            accepted: read(&self.accepted),
            refused: read(&self.refused),
            asked: read(&self.asked),
            accepted_stale: read(&self.accepted_stale),
            accepted_former: read(&self.accepted_former),
            reported,
            unreported,
            changes: read(&self.changes),
            alerts,
        }
    }
}
