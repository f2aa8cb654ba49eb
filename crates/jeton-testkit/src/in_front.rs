//! A store in front of another: a test says what it does otherwise, and the one behind it does the rest.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_store::ledger::{Entry, Head};
use jeton_store::memory::MemoryStore;
use jeton_store::store::{Fault, Fetch, Noted, Statistics, Store, Submission, View};
use tokio::sync::oneshot;

/// What a store does otherwise than the one behind it: whatever is not said here is handed on.
#[expect(clippy::missing_errors_doc, reason = "they are those of the port")]
pub trait Otherwise: Send + Sync + 'static {
    /// The one behind it.
    fn engine(&self) -> &MemoryStore;

    /// [`Store::view`].
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.engine().view()
    }

    /// [`Store::submit`].
    fn submit(&self, batch: Vec<Submission>) {
        self.engine().submit(batch);
    }

    /// [`Store::fetch`].
    fn fetch(&self, batch: Vec<Fetch>) {
        self.engine().fetch(batch);
    }

    /// [`Store::look_up`].
    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.engine().look_up(commit)
    }

    /// [`Store::tail`].
    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.engine().tail(from, limit)
    }
}

/// A store that does some things otherwise.
pub struct InFront<O>(pub O);

impl<O: Otherwise> Store for InFront<O> {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        self.0.view()
    }

    fn submit(&self, batch: Vec<Submission>) {
        self.0.submit(batch);
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.0.fetch(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.0.engine().note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.0.look_up(commit)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.0.tail(from, limit)
    }

    fn head(&self) -> Arc<Head> {
        self.0.engine().head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        self.0.engine().drop_expired(now)
    }

    fn wipe_deleted(&self) -> Result<(), Fault> {
        self.0.engine().wipe_deleted()
    }

    fn statistics(&self) -> Statistics {
        self.0.engine().statistics()
    }
}
