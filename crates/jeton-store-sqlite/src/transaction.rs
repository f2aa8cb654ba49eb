//! A group's transaction on SQLite.

use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Row, Table, Value};
use jeton_core::schema::CONTENT;
use jeton_store::group::Transaction;
use jeton_store::ledger::{Entry, Hash, Head};
use jeton_store::sql;
use jeton_store::store::{Fault, FaultKind};
use jeton_store::table::Shape;
use rusqlite::Statement;

use crate::fault::{fault, is_full, is_io};
use crate::ledger::{self, ENTRIES, HEAD};
use crate::rows::read_values;
use crate::slices::Slices;
use crate::statements::{Statements, Verb, bind};

/// What went wrong, beyond its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// The disk has no room.
    Full,
    /// Reading or writing the disk failed.
    Io,
}

/// The transaction of one group.
pub(crate) struct GroupTransaction<'a, 'c> {
    pub(crate) statements: &'a mut Statements<'c>,
    pub(crate) append: &'a mut Statement<'c>,
    pub(crate) set_head: &'a mut Statement<'c>,
    pub(crate) slices: &'a mut Slices,
    /// The slices made in this transaction: they go again when it does.
    pub(crate) made: Vec<(&'static Table, i64)>,
    pub(crate) trouble: Trouble,
}

impl GroupTransaction<'_, '_> {
    fn fault(&mut self, error: &rusqlite::Error, table: &str) -> Fault {
        if is_full(error) {
            self.trouble = Trouble::Full;
        } else if is_io(error) {
            self.trouble = Trouble::Io;
        }
        fault(error, table)
    }

    fn run(&mut self, verb: Verb, table: &'static Table, slice: i64, bound: &[&[Value]], last: &[i64]) -> Result<usize, Fault> {
        let run = |statements: &mut Statements<'_>| {
            let statement = statements.get(verb, table, slice)?;
            let mut number = 1;
            for values in bound {
                number = bind(statement, number, values)?;
            }
            for (number, int) in (number..).zip(last) {
                statement.raw_bind_parameter(number, *int)?;
            }
            statement.raw_execute()
        };
        run(self.statements).map_err(|error| self.fault(&error, table.name))
    }

    /// Makes the slice's table if it is not there.
    fn open_slice(&mut self, table: &'static Table, slice: i64) -> Result<(), Fault> {
        if !table.is_sliced() || self.slices.contains(table, slice) {
            return Ok(());
        }
        let sql = sql::create_table(&Shape::of(table), &sql::physical_name(table, slice));
        self.statements.connection.execute_batch(&sql).map_err(|error| self.fault(&error, table.name))?;
        self.slices.insert(table, slice);
        self.made.push((table, slice));
        Ok(())
    }

    fn versions(&mut self, table: &'static Table, index: usize, prefix: &Key, limit: usize) -> Result<Vec<(Key, Sequence)>, Fault> {
        let Some(place) = table.indexes.get(index).filter(|place| prefix.len() <= place.columns.len()) else {
            return Err(Fault::new(FaultKind::Engine, format!("table `{}` has no such index", table.name)));
        };
        let verb = Verb::Versions { index, prefix: prefix.len().min(place.columns.len()) };
        let read = |statements: &mut Statements<'_>| {
            let statement = statements.get(verb, table, 0)?;
            let number = bind(statement, 1, prefix)?;
            statement.raw_bind_parameter(number, i64::try_from(limit).unwrap_or(i64::MAX))?;
            let mut rows = statement.raw_query();
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let version: i64 = row.get(table.key)?;
                found.push((read_values(row, table.key)?, u64::try_from(version).unwrap_or(u64::MAX)));
            }
            Ok(found)
        };
        read(self.statements).map_err(|error: rusqlite::Error| self.fault(&error, table.name))
    }
}

impl Transaction for GroupTransaction<'_, '_> {
    fn keeps(&self, table: &'static Table) -> bool {
        self.slices.knows(table)
    }

    fn version(&mut self, table: &'static Table, key: &Key) -> Result<Option<Sequence>, Fault> {
        let slices: Vec<i64> = self.slices.of_key(table, key).collect();
        let mut newest = None;
        for slice in slices {
            let read = |statements: &mut Statements<'_>| {
                let statement = statements.get(Verb::Version, table, slice)?;
                bind(statement, 1, key)?;
                let mut rows = statement.raw_query();
                rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()
            };
            let version = read(self.statements).map_err(|error| self.fault(&error, table.name))?;
            newest = newest.max(version.and_then(|version| u64::try_from(version).ok()));
        }
        Ok(newest)
    }

    fn range(&mut self, table: &'static Table, index: usize, prefix: &Key, limit: usize) -> Result<Vec<(Key, Sequence)>, Fault> {
        self.versions(table, index, prefix, limit)
    }

    fn holder(&mut self, table: &'static Table, index: usize, values: &Key) -> Result<Option<Key>, Fault> {
        Ok(self.versions(table, index, values, 1)?.pop().map(|(key, _)| key))
    }

    fn put(&mut self, table: &'static Table, row: &Row, version: Sequence, checksum: i64) -> Result<(), Fault> {
        let slice = table.slice_of_row(row);
        self.open_slice(table, slice)?;
        self.run(Verb::Put, table, slice, &[row], &[ledger::sequence_to_sql(version), checksum]).map(drop)
    }

    fn issue(&mut self, table: &'static Table, row: &Row, version: Sequence, checksum: i64) -> Result<bool, Fault> {
        let slice = table.slice_of_row(row);
        self.open_slice(table, slice)?;
        self.run(Verb::Issue, table, slice, &[row], &[ledger::sequence_to_sql(version), checksum]).map(|count| count == 1)
    }

    fn delete(&mut self, table: &'static Table, key: &Key) -> Result<(), Fault> {
        self.run(Verb::Delete, table, 0, &[key], &[]).map(drop)
    }

    fn append(&mut self, entry: &Entry, leaf: &Hash) -> Result<(), Fault> {
        let content = entry.content.as_ref().filter(|_| !self.slices.knows(&CONTENT));
        ledger::append(self.append, entry, content, leaf).map_err(|error| self.fault(&error, ENTRIES))
    }

    fn erase(&mut self, sequence: Sequence, until: i64) -> Result<(), Fault> {
        let slice = CONTENT.slice_of_row(&vec![Value::Int(until)]);
        let key = vec![Value::Int(ledger::sequence_to_sql(sequence))];
        if self.slices.contains(&CONTENT, slice) {
            self.run(Verb::Delete, &CONTENT, slice, &[&key], &[])?;
        }
        let inline = self.statements.connection.execute(ledger::ERASE, [ledger::sequence_to_sql(sequence)]);
        inline.map(drop).map_err(|error| self.fault(&error, ENTRIES))
    }

    fn overwrite(&mut self, is_on: bool) -> Result<(), Fault> {
        let connection = self.statements.connection;
        connection.pragma_update(None, "secure_delete", is_on).map_err(|error| self.fault(&error, ENTRIES))
    }

    fn set_head(&mut self, head: &Head) -> Result<(), Fault> {
        ledger::set_head(self.set_head, head).map_err(|error| self.fault(&error, HEAD))
    }
}
