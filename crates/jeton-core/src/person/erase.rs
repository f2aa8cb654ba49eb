//! Erasing a person: all that is theirs ends, and nothing says any more who they were.
//!
//! It takes more than one commit. They are disabled first, and [noted](super::erasing) as somebody who is to go; their keys go one by one;
//! what they signed in with, and what they allowed, goes with them;
//! what the ledger says of them goes, so many entries at a time, and the [reasons](super::reasons) in which they are named in rows of others;
//! then their row, and last what [copies of rows](super::blank) say of them.
//! Whatever stops in between is gone on with.

use super::{Person, TABLE};
use crate::commit::{Commit, Told};
use crate::event::{CutOffSubject, Event};
use crate::group::member;
use crate::id::{Actor, GroupId, RoleId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::{Key, Row, Table, Value};
use crate::refusal::{Reason, Refusal};
use crate::role::assign;
use crate::role::holder::Holder;
use crate::token::cut_off::{beyond_all_issued, cut_off};

/// How many entries one commit erases at most.
pub const ENTRIES_AT_A_TIME: usize = 512;

/// What is known of a person who is to be erased, or deleted.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    /// The groups that they are in.
    pub groups: Vec<GroupId>,
    /// The roles that they hold themselves.
    pub roles: Vec<RoleId>,
    /// Whether nobody else owns the deployment.
    pub is_last_owner: bool,
}

impl Leaving {
    /// Whether they may go at all.
    ///
    /// # Errors
    /// `Conflict`: nobody would be left who may do everything.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.is_last_owner {
            return Err(Refusal::new(Reason::Conflict, "nobody else owns this deployment: make another owner first"));
        }
        Ok(())
    }

    /// Their row goes, with groups and roles.
    pub(super) fn delete_rows(&self, person: &Person, commit: Commit) -> Commit {
        let mut commit = commit.delete(&TABLE, vec![Value::Text(person.id.0.clone())]);
        for group in &self.groups {
            commit = commit.delete(&member::TABLE, member::key(group, &person.id));
        }
        for role in &self.roles {
            commit = commit.delete(&assign::TABLE, assign::key(role, &Holder::Person(person.id.clone())));
        }
        commit
    }
}

/// Erases what these entries say of a person who goes on being erased.
#[must_use]
pub fn erase_entries(person: &Person, told: Vec<Told>, actor: &Actor, moment: &mut Moment) -> Commit {
    let event = Event::EntriesErased { actor: actor.clone(), entries: told.len() as u64, reasons: 0, user: person.id.clone() };
    Commit { erases: told, ..Commit::new(moment).tell(event) }
}

/// Puts rows of others as they are without what somebody wrote in them of a person who goes on being erased.
#[must_use]
pub fn erase_reasons(person: &Person, rows: Vec<(&'static Table, Row)>, actor: &Actor, moment: &mut Moment) -> Commit {
    let event = Event::EntriesErased { actor: actor.clone(), entries: 0, reasons: rows.len() as u64, user: person.id.clone() };
    rows.into_iter().fold(Commit::new(moment).tell(event), |commit, (table, row)| commit.put(table, row))
}

/// Deletes what a person signed in with and allowed who goes on being erased: these rows.
#[must_use]
pub fn erase_sign_ins(person: &Person, rows: Vec<(&'static Table, Key)>, actor: &Actor, moment: &mut Moment) -> Commit {
    let event = Event::EntriesErased { actor: actor.clone(), entries: 0, reasons: 0, user: person.id.clone() };
    rows.into_iter().fold(Commit::new(moment).tell(event), |commit, (table, key)| commit.delete(table, key))
}

/// The end of it: the row goes, with groups and roles, and the last entries with what they say. `erased` is how many went before. One who was
/// enabled meanwhile is cut off once more; `latest_cut_off_seconds` is the latest cut-off over anything of theirs.
pub fn erase(
    person: &Person,
    leaving: &Leaving,
    (told, erased): (Vec<Told>, u64),
    latest_cut_off_seconds: i64,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<u64> {
    let mut commit = Commit::new(moment);
    if let Err(refusal) = leaving.check() {
        return Outcome::refuse(refusal, commit);
    }
    let entries = erased.saturating_add(told.len() as u64);
    commit.erases = told;
    commit = leaving.delete_rows(person, commit);
    if person.is_active() {
        let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
        commit = cut_off(commit, CutOffSubject::User, person.id.0.clone(), before, actor, moment);
    }
    Outcome::grant(entries, commit.tell(Event::UserErased { actor: actor.clone(), entries, user: person.id.clone() }))
}
