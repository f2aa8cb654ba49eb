//! Whose tails lie on a target beside that of a ledger and those that it comes from: another server went on from a backup of it.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_store::ledger::Head;
use jeton_store::store::Store;

use crate::failure::Failure;
use crate::lineage::Lineage;
use crate::segments::{incarnations, some_segments_from};
use crate::target::Target;
use crate::threads::beside;

/// How many entries are read at once.
const PAGE: Sequence = 1_024;

/// How many others are looked at.
const MOST: usize = 8;

/// What is known of the past of a ledger: as much as was needed to explain what lies on its target.
#[derive(Debug, Default)]
pub struct Others {
    lineage: Lineage,
    /// Of which incarnation, and before which entry the ledger was not read yet.
    unread: Option<([u8; 16], Sequence)>,
}

impl Others {
    /// The incarnations that have a tail on the target and that the ledger does not come from: some of them, where there are many. Costs one
    /// listing of folders while there are none; the ledger is read where there is one that was not there before, the newest entries first,
    /// while `goes_on`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn look(&mut self, store: &Arc<dyn Store>, target: &Target, goes_on: impl Fn() -> bool) -> Result<Vec<[u8; 16]>, Failure> {
        let (head, mut others) = (store.head(), Vec::new());
        for incarnation in incarnations(target).await? {
            if incarnation == head.incarnation || self.comes_from(incarnation, store, &head, &goes_on).await? {
                continue;
            }
            // A folder out of which everything left is nobody's.
            if !some_segments_from(target, incarnation, 0, 1).await?.is_empty() {
                others.push(incarnation);
            }
            if others.len() >= MOST {
                break;
            }
        }
        Ok(others)
    }

    /// Whether the ledger went on from an incarnation. It is taken for its own while that is not known.
    async fn comes_from(&mut self, of: [u8; 16], store: &Arc<dyn Store>, head: &Head, goes_on: impl Fn() -> bool) -> Result<bool, Failure> {
        let known = self.unread.filter(|(incarnation, _)| *incarnation == head.incarnation);
        let mut unread = known.map_or(head.size, |(_, unread)| unread);
        while !self.lineage.has(of) && unread > 0 {
            if !goes_on() {
                return Ok(true);
            }
            let (store, from) = (store.clone(), unread.saturating_sub(PAGE));
            let count = usize::try_from(unread - from).unwrap_or(usize::MAX);
            beside(move || store.tail(from, count)).await?.iter().for_each(|entry| self.lineage.hear(entry));
            unread = from;
            self.unread = Some((head.incarnation, unread));
        }
        Ok(self.lineage.has(of))
    }
}
