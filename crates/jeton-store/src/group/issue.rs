//! The credentials issued in a group: one entry for each of their tables, with the Merkle root over its rows in the order of their ids.

use std::ptr;
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Table, Value};

use crate::ledger::{Hash, issued_leaf, merkle};
use crate::row::compare;

/// One issued row's id and leaf.
pub(super) struct Issue {
    id: Value,
    pub(super) leaf: Hash,
}

impl Issue {
    pub(super) fn new(table: &Table, row: &Row) -> Issue {
        Issue { id: row.first().cloned().unwrap_or(Value::Null), leaf: issued_leaf(table, row) }
    }
}

/// The entries reserved so far, in the order of their sequences.
#[derive(Default)]
pub(super) struct Issues(Vec<TableIssues>);

struct TableIssues {
    table: &'static Table,
    sequence: Sequence,
    time: Time,
    commit: CommitId,
    issues: Vec<Issue>,
    /// How many lines of changes lie under its entry.
    changed: u64,
}

impl Issues {
    /// How many entries are reserved.
    pub(super) fn open(&self) -> usize {
        self.0.len()
    }

    /// Gives up those reserved since there were `open`.
    pub(super) fn reopen(&mut self, open: usize) {
        self.0.truncate(open);
    }

    /// The sequence of a table's entry, once it is reserved.
    pub(super) fn sequence(&self, table: &'static Table) -> Option<Sequence> {
        self.0.iter().find(|known| ptr::eq(known.table, table)).map(|known| known.sequence)
    }

    /// Reserves the sequence of a table's entry.
    pub(super) fn reserve(&mut self, table: &'static Table, sequence: Sequence, time: Time, commit: CommitId) {
        self.0.push(TableIssues { table, sequence, time, commit, issues: Vec::new(), changed: 0 });
    }

    /// Adds a row to its table's entry.
    pub(super) fn add(&mut self, table: &'static Table, issue: Issue) {
        if let Some(known) = self.0.iter_mut().find(|known| ptr::eq(known.table, table)) {
            known.issues.push(issue);
        }
    }

    /// A commit that joined the entry of this sequence, and tells nothing else, changed something.
    pub(super) fn note_change(&mut self, sequence: Sequence) {
        if let Some(known) = self.0.iter_mut().find(|known| known.sequence == sequence) {
            known.changed += 1;
        }
    }

    /// The events to tell.
    pub(super) fn close(self) -> Vec<(Sequence, Time, CommitId, Event)> {
        self.0.into_iter().map(|known| (known.sequence, known.time, known.commit, told(known))).collect()
    }
}

fn told(TableIssues { table, mut issues, changed, .. }: TableIssues) -> Event {
    issues.sort_unstable_by(|left, right| compare(&left.id, &right.id));
    let count = issues.len() as u64;
    let root = merkle::root(issues.into_iter().map(|issue| issue.leaf));
    Event::Issued { changed, count, root: Arc::from(merkle::hexadecimal(&root)), table: Arc::from(table.name) }
}
