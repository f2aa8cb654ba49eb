//! Commits that wait until what they take away is kept elsewhere too.

use std::sync::Arc;

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;
use jeton_store::store::CommitError;

use crate::durability::Durability;
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::failure;

impl Service {
    /// From now on what takes authority away is answered once it is there too.
    pub fn narrow_durably(&self, durability: Arc<dyn Durability>) {
        // The first one stays: a server has one.
        let _ = self.durability.set(durability);
    }

    /// Waits for a commit that takes authority away, where that is asked for.
    pub(crate) async fn be_durable(&self, is_narrowing: bool, last: Sequence) -> Result<(), CommitError> {
        let Some(durability) = self.durability.get().filter(|_| is_narrowing) else { return Ok(()) };
        if durability.reached(last).await { Ok(()) } else { Err(CommitError::Unshipped) }
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
