//! The engine in memory, with how often it was read: what must not depend on what is stored is seen not to read. It can be told to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_store::ledger::Entry;
use jeton_store::memory::MemoryStore;
use jeton_store::store::{CommitError, Fault, FaultKind, Fetch, Store as _, Submission, View};

use crate::in_front::Otherwise;

/// The engine, and how many reads it was asked for.
pub(super) struct Counted {
    pub(super) engine: Arc<MemoryStore>,
    reads: AtomicU64,
    /// How many commits it still makes.
    commits_left: AtomicU64,
}

impl Counted {
    pub(super) fn new(engine: Arc<MemoryStore>) -> Counted {
        Counted { engine, reads: AtomicU64::default(), commits_left: AtomicU64::new(u64::MAX) }
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// It fails after so many more commits.
    pub(super) fn fail_after(&self, commits: u64) {
        self.commits_left.store(commits, Ordering::Relaxed);
    }

    fn read(&self) -> &MemoryStore {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &self.engine
    }

    fn makes_another(&self) -> bool {
        let less = |left: u64| if left == u64::MAX { Some(left) } else { left.checked_sub(1) };
        self.commits_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Otherwise for Counted {
    fn engine(&self) -> &MemoryStore {
        &self.engine
    }

    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.read().view()
    }

    fn submit(&self, batch: Vec<Submission>) {
        let (made, failed): (Vec<_>, Vec<_>) = batch.into_iter().partition(|_| self.makes_another());
        self.engine.submit(made);
        for submission in failed {
            // Whoever waited may have gone.
            let _ = submission.reply.send(Err(CommitError::Fault(Fault::new(FaultKind::Engine, "it was told to fail"))));
        }
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.read().fetch(batch);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.read().look_up(commit)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.read().tail(from, limit)
    }
}
