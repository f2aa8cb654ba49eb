//! Compares a store that was made of a backup with the live one, which goes on meanwhile: entry by entry, and row by row.
//!
//! A live row that was written before the backup's end must be there as it is. One that was written later is passed over, and one that is not
//! there any more must have been deleted since, or have left with its time. Both are read a few thousand rows at a time.

use std::cmp::Ordering;
use std::collections::HashSet;

use aws_lc_rs::digest::{Context, SHA256};
use jeton_core::api_key::{self, word};
use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Row, Table, Value, Versioned};
use jeton_store::ledger::{Frontier, Hash};
use jeton_store::line::{Change, RowLine};
use jeton_store::row::key_of;
use jeton_store::store::Store;
use jeton_store::table::Schema;

use crate::catch_up::{ENTRIES_AT_A_TIME, changes_between};
use crate::drill::rows::{AT_A_TIME, Rows};
use crate::failure::Failure;
use crate::object::hexadecimal;
use crate::snapshot::tables;

/// What is compared.
pub struct Comparison<'a> {
    /// The store that was made of the backup.
    pub restored: &'a dyn Store,
    /// The one that it is of, where that is at hand.
    pub live: Option<&'a dyn Store>,
    /// The tables of both.
    pub schema: &'static Schema,
    /// Those that no entry tells of: each store keeps its own.
    pub passed_over: &'a [&'static Table],
    /// The time, in seconds: what is over by it may have left.
    pub now_seconds: i64,
    /// Told how many rows and entries were read.
    pub progress: &'a (dyn Fn(u64) + Send + Sync),
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// How many entries there are.
    pub entries: Sequence,
    /// The root over them.
    pub root: Hash,
    /// SHA-256 over the lines of all rows that were restored, in the order of tables, slices and keys.
    pub digest: Hash,
    /// How many rows those are.
    pub rows: u64,
    /// How many of them are the same in the live store.
    pub same: Option<u64>,
}

/// How many rows may have been deleted since.
const GONE_MAX: usize = 100_000;

impl Comparison<'_> {
    /// Compares. For a thread that may block.
    ///
    /// # Errors
    /// [`Failure`]; where the backup is not what it must be, with the table and key of the first row that is another.
    pub fn run(&self) -> Result<Compared, Failure> {
        let head = self.restored.head();
        let root = head.frontier.root();
        if let Some(live) = self.live {
            self.entries(live, head.size, root)?;
        }
        let mut reading = Reading { of: self, size: head.size, digest: Context::new(&SHA256), rows: 0, same: 0, gone: HashSet::new() };
        for table in tables(self.schema).filter(|table| !table.class.is_usage()) {
            if !self.passed_over.iter().any(|other| std::ptr::eq(*other, table)) {
                reading.table(table)?;
            }
        }
        reading.gone_are_deleted()?;
        let mut digest = [0; 32];
        digest.copy_from_slice(reading.digest.finish().as_ref());
        Ok(Compared { entries: head.size, root, digest, rows: reading.rows, same: self.live.map(|_| reading.same) })
    }

    /// The live ledger began with the same entries.
    fn entries(&self, live: &dyn Store, size: Sequence, root: Hash) -> Result<(), Failure> {
        if root_at(live, size, self.progress)? == Some(root) {
            return Ok(());
        }
        Err(Failure::Refused(format!("the {size} entries that were restored are not those that the ledger begins with")))
    }
}

/// The root over the first entries of a store; `None`: it has not so many.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub fn root_at(store: &dyn Store, size: Sequence, progress: &(dyn Fn(u64) + Send + Sync)) -> Result<Option<Hash>, Failure> {
    let mut frontier = Frontier::default();
    while frontier.size() < size {
        let left = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX).min(AT_A_TIME);
        let entries = store.tail(frontier.size(), left)?;
        if entries.is_empty() {
            return Ok(None);
        }
        entries.iter().for_each(|entry| frontier.append(entry.leaf()));
        progress(frontier.size());
    }
    Ok(Some(frontier.root()))
}

struct Reading<'c, 'a> {
    of: &'c Comparison<'a>,
    size: Sequence,
    digest: Context,
    rows: u64,
    same: u64,
    /// What the live store has not any more.
    gone: HashSet<(&'static str, Key)>,
}

impl Reading<'_, '_> {
    fn table(&mut self, table: &'static Table) -> Result<(), Failure> {
        let mut restored = Rows::new(self.of.restored, table);
        let mut live = self.of.live.map(|store| Rows::new(store, table));
        while let Some(row) = restored.next()? {
            self.take_up(table, &row)?;
            let Some(live) = &mut live else { continue };
            let place = place_of(table, &row.record);
            loop {
                let ahead = live.peek()?.map(|other| place_of(table, &other.record).cmp(&place));
                match ahead {
                    Some(Ordering::Less) => {
                        let other = live.next()?;
                        self.only_live(table, other)?;
                    }
                    Some(Ordering::Equal) => {
                        let other = live.next()?;
                        self.both(table, &row, other)?;
                        break;
                    }
                    Some(Ordering::Greater) | None => {
                        self.only_restored(table, &row)?;
                        break;
                    }
                }
            }
        }
        if let Some(mut live) = live {
            while let Some(other) = live.next()? {
                self.only_live(table, Some(other))?;
            }
        }
        Ok(())
    }

    fn take_up(&mut self, table: &'static Table, row: &Versioned<Row>) -> Result<(), Failure> {
        let line = RowLine { table, version: row.version, row: row.record.clone() }.to_line()?;
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        self.rows += 1;
        if self.rows.is_multiple_of(1_024) {
            (self.of.progress)(self.rows);
        }
        Ok(())
    }

    fn both(&mut self, table: &'static Table, restored: &Versioned<Row>, live: Option<Versioned<Row>>) -> Result<(), Failure> {
        match live {
            Some(live) if live.version >= self.size => Ok(()),
            Some(live) if live == *restored => {
                self.same += 1;
                Ok(())
            }
            _ => Err(differs(table, &restored.record, "is not what it is in the live store")),
        }
    }

    fn only_live(&self, table: &'static Table, live: Option<Versioned<Row>>) -> Result<(), Failure> {
        match live {
            Some(live) if live.version < self.size => Err(differs(table, &live.record, "is missing")),
            _ => Ok(()),
        }
    }

    fn only_restored(&mut self, table: &'static Table, row: &Versioned<Row>) -> Result<(), Failure> {
        if table.is_slice_over(table.slice_of_row(&row.record), self.of.now_seconds) {
            return Ok(());
        }
        self.gone.insert((table.name, key_of(table, &row.record)));
        if self.gone.len() <= GONE_MAX {
            return Ok(());
        }
        Err(Failure::Refused(format!("more than {GONE_MAX} rows that were restored are not in the live store any more: drill again")))
    }

    /// What is gone was deleted after the backup's end.
    fn gone_are_deleted(&mut self) -> Result<(), Failure> {
        let Some(live) = self.of.live.filter(|_| !self.gone.is_empty()) else { return Ok(()) };
        let (mut from, end) = (self.size, live.head().size);
        let mut keys = HashSet::new();
        while from < end {
            let until = end.min(from + ENTRIES_AT_A_TIME as u64);
            for (_, line) in changes_between(live, from, until)? {
                for (table, key) in Change::parse(self.of.schema, &line)?.deletes {
                    self.gone.remove(&(table.name, key.clone()));
                    if std::ptr::eq(table, &api_key::TABLE) {
                        keys.extend(key);
                    }
                }
            }
            from = until;
        }
        // The words of a key go with it, which is not told of one whose owner was erased.
        self.gone.retain(|(table, key)| *table != word::TABLE.name || !key.get(1).is_some_and(|key| keys.contains(key)));
        match self.gone.iter().next() {
            None => Ok(()),
            Some((table, key)) => Err(Failure::Refused(format!("a row of `{table}` was restored that is gone: {}", shown(key)))),
        }
    }
}

/// Where a row lies in its table.
fn place_of(table: &Table, row: &Row) -> (i64, Key) {
    (table.slice_of_row(row), key_of(table, row))
}

fn differs(table: &'static Table, row: &Row, what: &str) -> Failure {
    Failure::Refused(format!("a row of `{}` {what}: {}", table.name, shown(&key_of(table, row))))
}

/// A key for people: ids and names, and of a hash no more than tells it apart.
fn shown(key: &Key) -> String {
    let value = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Int(int) => int.to_string(),
        Value::Text(text) => text.chars().filter(|letter| !letter.is_control()).take(64).collect(),
        Value::Id(id) => hexadecimal(id),
        Value::Bytes(bytes) => format!("{}…", hexadecimal(bytes.get(..4).unwrap_or_default())),
        Value::Hash(hash) => format!("{}…", hexadecimal(hash.get(..4).unwrap_or_default())),
    };
    key.iter().map(value).collect::<Vec<_>>().join(" ")
}
