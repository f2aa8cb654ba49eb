//! Whose tails lie on a target beside that of a ledger and those that it comes from: another server went on from a backup of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_store::ledger::{Entry, Head};
use jeton_store::store::Store;

use crate::failure::Failure;
use crate::lineage::Lineage;
use crate::object::from_hexadecimal;
use crate::open::Opening;
use crate::other::{Other, others};
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
    /// Of which of them the ledger tells.
    told: BTreeSet<[u8; 16]>,
}

/// Whose a snapshot is, as a ledger sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of this incarnation of the ledger.
    Own,
    /// Of an incarnation that it went on from.
    Past,
    /// Of a server that went on beside it.
    Another,
}

impl Whose {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Whose::Own => "own",
            Whose::Past => "past",
            Whose::Another => "another",
        }
    }
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

    /// Whose a snapshot is that ends so. The ledger is read as in [`look`](Self::look).
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn whose(
        &mut self,
        (incarnation, end): ([u8; 16], Sequence),
        store: &Arc<dyn Store>,
        goes_on: impl Fn() -> bool,
    ) -> Result<Whose, Failure> {
        let head = store.head();
        Ok(if incarnation == head.incarnation {
            Whose::Own
        } else if !self.comes_from(incarnation, store, &head, goes_on).await? {
            Whose::Another
        } else if self.lineage.has(incarnation) && end > self.lineage.size_of(incarnation) {
            // The server of before went on.
            Whose::Another
        } else {
            Whose::Past
        })
    }

    /// Whether the ledger is to be told of one that [was found](Self::look): once of each, whatever process found it.
    pub fn is_to_be_told(&mut self, other: [u8; 16]) -> bool {
        self.told.insert(other)
    }

    fn hear(&mut self, entry: &Entry) {
        self.lineage.hear(entry);
        if entry.kind == "backup.other_found"
            && let Ok(Some(Event::BackupOtherFound { incarnation, .. })) = entry.event()
        {
            self.told.extend(from_hexadecimal::<16>(&incarnation));
        }
    }

    /// What lies on the target that the ledger does not come from, with how much there is of it. As much of the ledger is read as explains it,
    /// while `goes_on`.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn lacking(
        &mut self,
        store: &Arc<dyn Store>,
        target: &Target,
        opening: &Opening,
        goes_on: impl Fn() -> bool,
    ) -> Result<Vec<Other>, Failure> {
        let head = store.head();
        for incarnation in incarnations(target).await?.into_iter().filter(|of| *of != head.incarnation) {
            self.comes_from(incarnation, store, &head, &goes_on).await?;
        }
        others(target, opening, &self.lineage, head.incarnation).await
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
            beside(move || store.tail(from, count)).await?.iter().for_each(|entry| self.hear(entry));
            unread = from;
            self.unread = Some((head.incarnation, unread));
        }
        Ok(self.lineage.has(of))
    }
}
