//! Who ships the tail of a ledger: one process at a time, the one that began last. What two of them ship is the tail of nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jeton_core::commit::Sequence;
use jeton_store::store::Store;

use crate::entry_line;
use crate::failure::Failure;
use crate::fetch::open;
use crate::names::owner;
use crate::object::{Kind, hexadecimal};
use crate::open::Opening;
use crate::past::{of_the_past, parted};
use crate::problem::{Problem, What};
use crate::segments::segments_from;
use crate::target::Target;
use crate::threads::beside;

/// One process that ships, as its target knows it.
#[derive(Debug)]
pub struct Owner {
    id: String,
    has_begun: AtomicBool,
    is_over: AtomicBool,
    /// The second in which it was looked last.
    looked_at: AtomicI64,
}

impl Owner {
    /// Named by chance.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Owner {
        let (has_begun, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Owner { id: hexadecimal(&random), has_begun, is_over, looked_at: AtomicI64::new(i64::MIN) }
    }

    /// Takes the tail over, once in the life of a process, where what is there is of its own past. Whoever shipped before ships no more.
    ///
    /// # Errors
    /// [`Failure::Refused`]: another took it over since, or what is there is of another.
    pub async fn begin(&self, store: Arc<dyn Store>, target: &Target, opening: &Opening) -> Result<(), Failure> {
        let incarnation = store.head().incarnation;
        // Only what begins takes over: a process that goes on after a failure looks.
        if self.has_begun.load(Ordering::Relaxed) {
            return self.check(target, incarnation).await;
        }
        check_past(store, target, opening).await?;
        target.put(&owner(incarnation), self.id.clone().into_bytes()).await?;
        self.has_begun.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the tail is still this process's.
    ///
    /// # Errors
    /// [`Failure::Refused`] once another has taken it over.
    pub async fn check(&self, target: &Target, incarnation: [u8; 16]) -> Result<(), Failure> {
        if !self.is_over.load(Ordering::Relaxed) {
            match target.get(&owner(incarnation)).await {
                Ok(found) if found == self.id.as_bytes() => return Ok(()),
                // Somebody emptied the target.
                Err(Problem { what: What::Missing, .. }) => {
                    return Ok(target.put(&owner(incarnation), self.id.clone().into_bytes()).await?);
                }
                Err(problem) => return Err(problem.into()),
                Ok(_) => self.is_over.store(true, Ordering::Relaxed),
            }
        }
        Err(Failure::Refused(format!(
            "{} names another process as the one that ships this ledger: another server of it began later, or another disk lies there now. This \
             one ships no more until it is started again; of two servers stop one, or they part ways",
            target.shown()
        )))
    }

    /// The same, once in each second at most.
    ///
    /// # Errors
    /// As [`Owner::check`].
    pub async fn check_in(&self, second: i64, target: &Target, incarnation: [u8; 16]) -> Result<(), Failure> {
        let is_new = self.looked_at.swap(second, Ordering::Relaxed) != second;
        if is_new || self.is_over.load(Ordering::Relaxed) { self.check(target, incarnation).await } else { Ok(()) }
    }
}

/// Refuses a tail whose last entry is not the one that the store has there. One that does not open is for `verify` to name.
pub(crate) async fn check_past(store: Arc<dyn Store>, target: &Target, opening: &Opening) -> Result<(), Failure> {
    let head = store.head();
    let listed = segments_from(target, head.incarnation, head.size).await?;
    let with_entries = listed.iter().map(|stored| stored.segment).filter(|segment| segment.from < segment.to);
    let past = of_the_past(target, Some(opening), head.size, with_entries).await?;
    let Some(last) = past.segments.into_iter().max_by_key(|segment| segment.to) else { return Ok(()) };
    let opened = match open(target, opening, &last.name(), Kind::Tail).await {
        Err(failure @ Failure::Object(Problem { what: What::Target(_), .. })) => return Err(failure),
        Err(_) => return Ok(()),
        Ok(opened) => opened,
    };
    let place: Sequence = last.to - 1;
    let theirs = opened.lines().filter_map(|line| entry_line::parse(line).ok()).find(|entry| entry.sequence == place);
    let ours = beside(move || store.tail(place, 1)).await?;
    let is_ours = ours.first().zip(theirs.as_ref()).is_none_or(|(ours, theirs)| ours.commitment == theirs.commitment);
    if is_ours {
        return Ok(());
    }
    Err(parted(target, "other entries of this ledger than this data folder"))
}
