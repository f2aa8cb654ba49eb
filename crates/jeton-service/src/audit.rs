//! The ledger, read by people.

use jeton_core::commit::Sequence;
use jeton_store::ledger::Entry;

use crate::failure::Failure;
use crate::service::Service;

/// The most entries of one answer.
pub const PAGE: usize = 1_000;

impl Service {
    /// Entries from a sequence on, at most `limit` and never more than [`PAGE`].
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn entries(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Failure> {
        Ok(self.store.tail(from, limit.min(PAGE))?)
    }

    /// The last `count` entries.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn last_entries(&self, count: usize) -> Result<Vec<Entry>, Failure> {
        let size = self.store.head().size;
        let count = count.min(PAGE);
        Ok(self.store.tail(size.saturating_sub(count as u64), count)?)
    }
}
