//! What was erased is erased once more of whatever a store is made of: people with all that is theirs, what entries said of them, and why
//! rows of others are as they are where that names them.

use std::collections::BTreeSet;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::person::forgotten::{self, Forgotten};
use jeton_core::person::mentions::Mentions;
use jeton_core::person::reasons::Reasons;
use jeton_core::person::{self, Person, wordless};
use jeton_core::record::{Row, Table};
use jeton_store::ledger::entry::Content;
use jeton_store::ledger::{Entry, Hash};
use jeton_store::line::{Change, RowLine};
use jeton_store::load::Load;
use jeton_store::row::key_of;
use jeton_store::store::Fault;

use crate::erasure::Erasure;

/// How many rows are put anew at a time.
const ROWS_AT_A_TIME: usize = 1_000;

/// What is known to be erased.
#[derive(Default)]
pub(crate) struct Forgetting {
    /// Which entries: by number, of this incarnation, or by number and commitment.
    entries: BTreeSet<(Sequence, Option<Hash>)>,
    people: Forgotten,
    reasons: Reasons,
}

impl Forgetting {
    /// Erases what an entry of this ledger says, and remembers what that was.
    pub(crate) fn entry(&mut self, load: &mut dyn Load, sequence: Sequence, commitment: Option<&Hash>) -> Result<(), Fault> {
        if let Some(said) = load.erase(sequence, commitment)? {
            self.reasons.hear(&said.payload);
        }
        self.entries.insert((sequence, commitment.copied()));
        Ok(())
    }

    /// What an erasure says; the rows of its people go [later](Self::rows).
    pub(crate) fn erasure(&mut self, load: &mut dyn Load, erasure: &Erasure) -> Result<(), Fault> {
        erasure.user.iter().for_each(|user| self.people.add(user));
        erasure.entries.iter().try_for_each(|(sequence, commitment)| self.entry(load, *sequence, Some(commitment)))
    }

    /// What an entry tells that comes too late for the time that was asked for: who was erased then, stays so.
    pub(crate) fn late(&mut self, entry: &Entry) {
        if entry.kind == "user.erased"
            && let Ok(Some(Event::UserErased { user, .. })) = entry.event()
        {
            self.people.add(&user);
        }
    }

    /// Whether an entry is one of those.
    fn has(&self, entry: &Entry) -> bool {
        self.entries.contains(&(entry.sequence, None)) || self.entries.contains(&(entry.sequence, Some(entry.commitment)))
    }

    /// Hears of commits that are to be made once more.
    pub(crate) fn hear<'e>(&mut self, entries: impl Iterator<Item = &'e Entry>) {
        for entry in entries {
            if let Some(content) = entry.content.as_ref().filter(|_| self.has(entry)) {
                self.reasons.hear(&content.payload);
            }
        }
    }

    /// The rows of who was erased go, and rows of others lose what was said of them.
    pub(crate) fn rows(&mut self, load: &mut dyn Load) -> Result<(), Fault> {
        self.names(load)?;
        if !self.reasons.is_empty() {
            wordless::TABLES.into_iter().try_for_each(|table| self.reasons(load, table))?;
        }
        if self.people.is_empty() {
            return Ok(());
        }
        load.leave_no_trace();
        for table in forgotten::TABLES {
            let mut theirs = Vec::new();
            load.scan(table, &mut |row| {
                if self.people.has(table, &row.record) {
                    theirs.push(key_of(table, &row.record));
                }
                true
            })?;
            theirs.iter().try_for_each(|key| load.delete(table, key, Sequence::MAX))?;
        }
        Ok(())
    }

    /// What is told and put once more says nothing that was erased.
    pub(crate) fn again(&self, change: &mut Change, entries: &mut [Entry]) {
        let mut is_erased = false;
        for entry in entries.iter_mut().filter(|entry| self.has(entry)) {
            is_erased = true;
            let left = |content: Content| Some(Content { payload: wordless::payload(&entry.kind, &content.payload)?, ..content });
            entry.content = entry.content.take().and_then(left);
        }
        for put in &mut change.puts {
            let left = if is_erased { Some(wordless::row(put.table, &put.row)) } else { self.left_of(put.table, &put.row) };
            put.row = left.unwrap_or_else(|| std::mem::take(&mut put.row));
        }
    }

    fn left_of(&self, table: &'static Table, row: &Row) -> Option<Row> {
        wordless::TABLES.iter().any(|of| std::ptr::eq(*of, table)).then(|| self.reasons.left_of(table, row)).flatten()
    }

    /// What the people were called who are still there.
    fn names(&mut self, load: &dyn Load) -> Result<(), Fault> {
        let (people, reasons) = (&mut self.people, &mut self.reasons);
        if people.is_empty() {
            return Ok(());
        }
        load.scan(&person::TABLE, &mut |row| {
            if people.has(&person::TABLE, &row.record)
                && let Ok(person) = Person::from_row(&row.record)
            {
                reasons.add(Mentions::of(&person));
            }
            true
        })
    }

    fn reasons(&self, load: &mut dyn Load, table: &'static Table) -> Result<(), Fault> {
        loop {
            let mut naming = Vec::new();
            load.scan(table, &mut |row| {
                let left = self.reasons.left_of(table, &row.record);
                naming.extend(left.map(|left| RowLine { table, version: row.version, row: left }));
                naming.len() < ROWS_AT_A_TIME
            })?;
            if naming.is_empty() {
                return Ok(());
            }
            load.leave_no_trace();
            load.put(&naming)?;
        }
    }
}
