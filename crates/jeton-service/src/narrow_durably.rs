//! Commits that wait until what they take away is kept elsewhere too.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;
use jeton_store::store::CommitError;

use crate::durability::{Durability, Kept, Takes};
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::failure;

impl Service {
    /// From now on what takes authority away is answered once it is there too (`is_sync`), or once it is known there that this server runs:
    /// until then a restore would take what was there before for the end.
    pub fn narrow_durably(&self, durability: Weak<dyn Durability>, is_sync: bool) {
        // The first one stays: a server has one.
        let untold = AtomicU64::new(self.store.head().size);
        let _ = self.durability.set(Kept { durability, is_sync, untold, is_known_there: AtomicBool::new(false) });
    }

    /// Waits for a commit that takes something away, where that is asked for.
    pub(crate) async fn be_durable(&self, takes: Takes, last: Sequence) -> Result<(), CommitError> {
        let Some(kept) = self.durability.get().filter(|_| takes != Takes::Nothing) else { return Ok(()) };
        if kept.is_there(takes, last).await {
            return Ok(());
        }
        kept.note_untold(last);
        Err(CommitError::Unshipped)
    }

    /// The same of what nobody waits for: whoever asks for it again does.
    pub(crate) fn be_durable_later(&self, last: Sequence) {
        if let Some(kept) = self.durability.get() {
            kept.note_untold(last);
        }
    }

    /// Whether what takes authority away now will be kept elsewhere in a moment, where that is asked for: waits for nothing.
    pub(crate) fn is_durable_now(&self) -> bool {
        self.durability.get().is_none_or(Kept::is_kept_now)
    }

    /// The same before a use of a limited key is given out of a block whose commit may not be there yet.
    pub(crate) async fn be_durable_before_a_use(&self) -> Result<(), CommitError> {
        match self.durability.get() {
            Some(kept) if kept.is_sync || !kept.is_known_there() => self.be_durable_by_now().await,
            _ => Ok(()),
        }
    }

    /// Waits for what was not told to be done: whoever asks for it again finds it done, and commits nothing.
    pub(crate) async fn be_durable_by_now(&self) -> Result<(), CommitError> {
        let Some(kept) = self.durability.get() else { return Ok(()) };
        let end = kept.untold.load(Ordering::Relaxed);
        let Some(last) = end.checked_sub(1) else { return Ok(()) };
        if !kept.is_there(Takes::Authority, last).await {
            return Err(CommitError::Unshipped);
        }
        // Unless there is more by now.
        let _ = kept.untold.compare_exchange(end, 0, Ordering::Relaxed, Ordering::Relaxed);
        Ok(())
    }

    /// Writes down what became of backups.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn tell_of_backups(&self, event: Event) -> Result<(), Failure> {
        let mut moment = self.moments.now();
        let commit = Commit::new(&mut moment).tell(event);
        self.commit(commit, &Arc::from("")).await.map(drop).map_err(failure)
    }
}
