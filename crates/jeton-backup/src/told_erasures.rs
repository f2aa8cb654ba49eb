//! Which commits erased something, as a ledger tells it: where an object of `erasures/` is lost, a backup of before is missed to lack it.

use std::collections::BTreeSet;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::CommitId;
use jeton_store::ledger::Entry;
use serde::{Deserialize, Serialize};

use crate::names::{ERASURES, erasure, parse_erasure};
use crate::object::{from_hexadecimal, hexadecimal};
use crate::problem::Problem;
use crate::target::Target;

/// A commit that erased something. Its object is called by one of its entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldErasure {
    /// The incarnation that made it, in hexadecimal.
    pub incarnation: String,
    /// Its first entry.
    pub from: Sequence,
    /// The entry that tells of it.
    pub to: Sequence,
}

impl ToldErasure {
    /// What its object is called.
    #[must_use]
    pub fn name(&self) -> String {
        from_hexadecimal(&self.incarnation).map_or_else(|| format!("{ERASURES}/{}", self.incarnation), |of| erasure(of, self.from))
    }

    fn is_among(&self, present: &BTreeSet<([u8; 16], Sequence)>) -> bool {
        let of = from_hexadecimal(&self.incarnation);
        of.is_some_and(|of| present.range((of, self.from)..=(of, self.to)).next().is_some())
    }
}

/// What a ledger tells of them, its entries shown in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearing {
    told: Vec<ToldErasure>,
    /// Those of the incarnation whose id is not known yet: the next one names it.
    of_this: Vec<(Sequence, Sequence)>,
    commit: Option<(CommitId, Sequence)>,
}

impl Hearing {
    pub(crate) fn hear(&mut self, entry: &Entry) {
        if self.commit.is_none_or(|(commit, _)| commit != entry.commit) {
            self.commit = Some((entry.commit, entry.sequence));
        }
        let first = self.commit.map_or(entry.sequence, |(_, first)| first);
        match entry.kind.as_str() {
            "incarnation.opened" => {
                let previous = match entry.event() {
                    Ok(Some(Event::IncarnationOpened { previous, .. })) => from_hexadecimal(&previous),
                    _ => None,
                };
                self.are_of(previous);
            }
            "user.erased" => self.of_this.push((first, entry.sequence)),
            // One that took reasons out of rows alone has no object.
            "entries.erased" if matches!(entry.event(), Ok(Some(Event::EntriesErased { entries: 1.., .. }))) => {
                self.of_this.push((first, entry.sequence));
            }
            _ => {}
        }
    }

    /// At the end of a ledger of this incarnation.
    pub(crate) fn end(mut self, incarnation: [u8; 16]) -> Vec<ToldErasure> {
        self.are_of(Some(incarnation));
        self.told
    }

    fn are_of(&mut self, incarnation: Option<[u8; 16]>) {
        let of_this = std::mem::take(&mut self.of_this);
        let Some(incarnation) = incarnation.map(|of| hexadecimal(&of)) else { return };
        self.told.extend(of_this.into_iter().map(|(from, to)| ToldErasure { incarnation: incarnation.clone(), from, to }));
    }
}

/// Which of them have no object on a target.
///
/// # Errors
/// [`Problem`]: it cannot be listed.
pub(crate) async fn lost(target: &Target, told: BTreeSet<ToldErasure>) -> Result<Vec<String>, Problem> {
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let present = target.list(ERASURES).await?.iter().filter_map(|object| parse_erasure(&object.name)).collect();
    Ok(told.iter().filter(|erasure| !erasure.is_among(&present)).map(ToldErasure::name).collect())
}

/// What all snapshots of a target tell together, and which of that none of them lacks: only a snapshot of before needs an object.
#[derive(Debug, Default)]
pub(crate) struct Together {
    any: BTreeSet<ToldErasure>,
    all: Option<BTreeSet<ToldErasure>>,
}

impl Together {
    pub(crate) fn add(&mut self, told: &[ToldErasure]) {
        let told: BTreeSet<ToldErasure> = told.iter().cloned().collect();
        self.all = Some(self.all.take().map_or_else(|| told.clone(), |all| all.intersection(&told).cloned().collect()));
        self.any.extend(told);
    }

    /// Those that a snapshot lacks.
    pub(crate) fn lacked(self) -> BTreeSet<ToldErasure> {
        let all = self.all.unwrap_or_default();
        self.any.into_iter().filter(|told| !all.contains(told)).collect()
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::id::{Actor, PersonId};
    use jeton_core::moment::Time;
    use jeton_store::ledger::entry::Content;

    use super::*;

    fn entry(sequence: Sequence, commit: u8, event: &Event) -> Entry {
        let encoded = event.encode().unwrap();
        let content = Some(Content { salt: [0; 16], payload: encoded.payload });
        let (time, commit) = (Time::from_seconds(0), CommitId([commit; 16]));
        Entry { sequence, time, kind: encoded.kind, commit, commitment: [0; 32], content }
    }

    fn told(of: u8, from: Sequence, to: Sequence) -> ToldErasure {
        ToldErasure { incarnation: hexadecimal(&[of; 16]), from, to }
    }

    #[test]
    fn each_commit_that_erased_something_is_of_its_incarnation() {
        let (actor, user) = (Actor::system, || PersonId::from("user_1"));
        let erased = |entries, reasons| Event::EntriesErased { actor: actor(), entries, reasons, user: user() };
        let opened = Event::IncarnationOpened {
            actor: actor(),
            known: None,
            previous: hexadecimal(&[1; 16]).into(),
            reason: "".into(),
            root: "".into(),
            size: 9,
        };
        let mut hearing = Hearing::default();
        hearing.hear(&entry(3, 3, &erased(512, 0)));
        hearing.hear(&entry(4, 4, &erased(0, 2)));
        hearing.hear(&entry(5, 5, &Event::UserDisabled { actor: actor(), user: user(), why: None }));
        hearing.hear(&entry(6, 5, &Event::UserErased { actor: actor(), entries: 9, user: user() }));
        hearing.hear(&entry(9, 6, &opened));
        hearing.hear(&entry(10, 7, &Event::UserErased { actor: actor(), entries: 0, user: user() }));
        assert_eq!(hearing.end([2; 16]), [told(1, 3, 3), told(1, 5, 6), told(2, 10, 10)]);
        assert_eq!(told(1, 5, 6).name(), erasure([1; 16], 5));
    }

    #[test]
    fn an_object_may_be_called_by_any_entry_of_its_commit() {
        let present = BTreeSet::from([([1; 16], 6)]);
        assert!(told(1, 5, 6).is_among(&present));
        assert!(!told(1, 7, 9).is_among(&present) && !told(2, 5, 6).is_among(&present));
    }

    #[test]
    fn what_every_snapshot_knows_is_lacked_by_none() {
        let mut together = Together::default();
        together.add(&[told(1, 3, 3)]);
        together.add(&[told(1, 3, 3), told(1, 5, 6)]);
        assert_eq!(together.lacked(), BTreeSet::from([told(1, 5, 6)]));
        assert_eq!(Together::default().lacked(), BTreeSet::new());
    }
}
