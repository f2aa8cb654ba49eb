//! Deleting a person: what is theirs ends, and they are in no list any more. What the ledger says of them stays: [erasing](super::erase)
//! them takes that, too.
//!
//! It takes more than one commit: what depends on them alone goes elsewhere or ends, they are disabled, what they signed in with goes, and
//! their row goes last, so that whoever asks again goes on with what was broken off.

use super::Person;
use super::erase::Leaving;
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::{Key, Table};
use crate::token::cut_off::{beyond_all_issued, cut_off};

/// Deletes what a person signed in with and allowed who goes on being deleted: these rows.
#[must_use]
pub fn delete_sign_ins(rows: Vec<(&'static Table, Key)>, actor: &Actor, moment: &mut Moment) -> Commit {
    let event = Event::SignInsRemoved { actor: actor.clone(), count: rows.len() as u64 };
    rows.into_iter().fold(Commit::new(moment).tell(event), |commit, (table, key)| commit.delete(table, key))
}

/// The end of it: the row goes, with groups and roles. One who was enabled meanwhile is cut off once more; `latest_cut_off_seconds` is the
/// latest cut-off over anything of theirs.
pub fn delete(person: &Person, leaving: &Leaving, latest_cut_off_seconds: i64, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let mut commit = Commit::new(moment);
    if let Err(refusal) = leaving.check() {
        return Outcome::refuse(refusal, commit);
    }
    commit = leaving.delete_rows(person, commit);
    if person.is_active() {
        let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
        commit = cut_off(commit, CutOffSubject::User, person.id.0.clone(), before, actor, moment);
    }
    Outcome::grant((), commit.tell(Event::UserDeleted { actor: actor.clone(), user: person.id.clone() }))
}
