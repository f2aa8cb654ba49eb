//! The engine in memory, with how often it was read: what must not depend on what is stored is seen not to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_store::ledger::{Entry, Head};
use jeton_store::memory::MemoryStore;
use jeton_store::store::{Fault, Fetch, Noted, Statistics, Store, Submission, View};
use tokio::sync::oneshot;

/// The engine, and how many reads it was asked for.
pub(super) struct Counted {
    pub(super) engine: Arc<MemoryStore>,
    reads: AtomicU64,
}

impl Counted {
    pub(super) fn new(engine: Arc<MemoryStore>) -> Counted {
        Counted { engine, reads: AtomicU64::default() }
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn read(&self) -> &MemoryStore {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.engine
    }
}

impl Store for Counted {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.read().view()
    }

    fn submit(&self, batch: Vec<Submission>) {
        self.engine.submit(batch);
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.read().fetch(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.engine.note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.read().look_up(commit)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.read().tail(from, limit)
    }

    fn head(&self) -> Arc<Head> {
        self.engine.head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        self.engine.drop_expired(now)
    }

    fn statistics(&self) -> Statistics {
        self.engine.statistics()
    }
}
