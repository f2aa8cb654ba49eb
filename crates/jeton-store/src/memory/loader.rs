//! Makes a store in memory of rows and entries that come from elsewhere.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Row, Table, Versioned};
use jeton_core::schema::CONTENT;

use super::{MemoryStore, Mode, Rows, State};
use crate::group::{Salts, Transaction as _, content_until};
use crate::ledger::entry::Content;
use crate::ledger::{Entry, Frontier, Hash, Head};
use crate::line::RowLine;
use crate::load::Load;
use crate::store::{Fault, FaultKind, Subscriber};
use crate::table::Schema;

/// A store in the making.
pub struct MemoryLoader {
    schema: &'static Schema,
    rows: Rows,
}

impl MemoryLoader {
    /// Begins with nothing.
    #[must_use]
    pub fn begin(schema: &'static Schema) -> MemoryLoader {
        let head = Head { size: 0, time: Time::EPOCH, incarnation: [0; 16], frontier: Frontier::default() };
        MemoryLoader { schema, rows: Rows::new(schema, head) }
    }

    /// Ends: a store that makes each commit as it is submitted. The seed must be a new one.
    #[must_use]
    pub fn finish(mut self, incarnation: [u8; 16], seed: [u8; 32], subscriber: Arc<dyn Subscriber>) -> Arc<MemoryStore> {
        self.rows.head.incarnation = incarnation;
        let state = State::new(Arc::new(self.rows), Salts::new(seed));
        Arc::new(MemoryStore {
            schema: self.schema,
            subscriber,
            mode: Mode::Eager,
            turn: std::sync::Mutex::new(()),
            state: std::sync::Mutex::new(state),
        })
    }
}

impl Load for MemoryLoader {
    fn put(&mut self, rows: &[RowLine]) -> Result<(), Fault> {
        for line in rows {
            let is_versioned = matches!(line.table.class, Class::Authority);
            if is_versioned && self.rows.version(line.table, &line.key())?.is_some_and(|held| held > line.version) {
                continue;
            }
            self.rows.put(line.table, &line.row, line.version, 0)?;
        }
        Ok(())
    }

    fn delete(&mut self, table: &'static Table, key: &Key, sequence: Sequence) -> Result<(), Fault> {
        match self.rows.version(table, key)? {
            Some(version) if version <= sequence => self.rows.delete(table, key),
            _ => Ok(()),
        }
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        for entry in entries {
            if entry.sequence != self.rows.head.size {
                return Err(Fault::new(FaultKind::Engine, format!("entry {} does not follow", entry.sequence)));
            }
            let leaf = entry.leaf();
            self.rows.append(entry, &leaf)?;
            if let Some(row) = crate::group::content_row(entry)? {
                self.rows.put(&CONTENT, &row, entry.sequence, 0)?;
            }
            self.rows.head.frontier.append(leaf);
            (self.rows.head.size, self.rows.head.time) = (entry.sequence + 1, entry.time);
        }
        Ok(())
    }

    fn leave_no_trace(&mut self) {}

    fn erase(&mut self, sequence: Sequence, commitment: Option<&Hash>) -> Result<Option<Content>, Fault> {
        let place = usize::try_from(sequence).unwrap_or(usize::MAX);
        let is_it = |entry: &&Entry| commitment.is_none_or(|commitment| entry.commitment == *commitment);
        let Some(entry) = self.rows.entries.get(place).filter(is_it) else { return Ok(None) };
        let (time, said) = (entry.time, self.rows.entry(entry)?.content);
        self.rows.erase(sequence, content_until(time))?;
        Ok(said)
    }

    fn ledger(&self) -> (&Frontier, Time) {
        (&self.rows.head.frontier, self.rows.head.time)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        // The first row that is not wanted ends the scan.
        let _ = self.rows.scan(table)?.all(each);
        Ok(())
    }
}
