//! Prepared statements of one connection, made as they are first needed, and the binding of values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;
use jeton_core::record::{Key, Row, Table, Value, Versioned};
use jeton_store::sql;
use jeton_store::store::Fault;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};

use crate::fault::fault;
use crate::rows::RowReader;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Put,
    Issue,
    Get,
    Before,
    After,
    Version,
    Delete,
    Versions { index: usize, prefix: usize },
    KeyBehind,
    DeleteBefore,
}

/// The statements of a connection.
pub(crate) struct Statements<'c> {
    pub(crate) connection: &'c Connection,
    prepared: Prepared<'c>,
    /// What reads the rows of a table: many of a crowd have texts in common.
    readers: HashMap<&'static str, RowReader, RandomState>,
}

impl<'c> Statements<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Statements<'c> {
        Statements { connection, prepared: HashMap::default(), readers: HashMap::default() }
    }

    /// The statement that does this to a slice of a table.
    pub(crate) fn get(&mut self, verb: Verb, table: &'static Table, slice: i64) -> rusqlite::Result<&mut Statement<'c>> {
        prepared(&mut self.prepared, self.connection, (verb, table, slice))
    }

    /// How many statements are kept.
    pub(crate) fn len(&self) -> usize {
        self.prepared.len()
    }

    /// Forgets the statements of a slice that is gone.
    pub(crate) fn forget(&mut self, table: &'static Table, slice: i64) {
        self.prepared.retain(|(_, name, other), _| *name != table.name || *other != slice);
    }

    /// The row of a key within a slice.
    pub(crate) fn row(&mut self, table: &'static Table, slice: i64, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        self.row_by(Verb::Get, table, slice, key)
    }

    /// Whether a key that was not found is really absent: the rows on both sides of where it would be are what was written. (A flipped
    /// bit in a row's key moves the row out of its own way, but not away.)
    pub(crate) fn prove_absent(&mut self, table: &'static Table, slice: i64, key: &Key) -> Result<(), Fault> {
        self.row_by(Verb::Before, table, slice, key)?;
        self.row_by(Verb::After, table, slice, key).map(drop)
    }

    fn row_by(&mut self, verb: Verb, table: &'static Table, slice: i64, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        let to_fault = |error: rusqlite::Error| fault(&error, table.name);
        let statement = prepared(&mut self.prepared, self.connection, (verb, table, slice)).map_err(to_fault)?;
        bind(statement, 1, key).map_err(to_fault)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next().map_err(to_fault)? else { return Ok(None) };
        let reader = self.readers.entry(table.name).or_insert_with(|| RowReader::new(table));
        reader.read(row).map(|row| Some(row.clone()))
    }
}

type Prepared<'c> = HashMap<(Verb, &'static str, i64), Statement<'c>, RandomState>;

fn prepared<'s, 'c>(
    statements: &'s mut Prepared<'c>,
    connection: &'c Connection,
    (verb, table, slice): (Verb, &'static Table, i64),
) -> rusqlite::Result<&'s mut Statement<'c>> {
    match statements.entry((verb, table.name, slice)) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(place) => Ok(place.insert(connection.prepare(&text(verb, table, slice))?)),
    }
}

fn text(verb: Verb, table: &'static Table, slice: i64) -> String {
    let physical = sql::physical_name(table, slice);
    match verb {
        Verb::Put => sql::put(table, &physical),
        Verb::Issue => sql::issue(table, &physical),
        Verb::Get => sql::get(table, &physical),
        Verb::Before => sql::neighbours(table, &physical).into_iter().next().unwrap_or_default(),
        Verb::After => sql::neighbours(table, &physical).into_iter().nth(1).unwrap_or_default(),
        Verb::Version => sql::version(table, &physical),
        Verb::Delete => sql::delete(table, &physical),
        Verb::Versions { index, prefix } => table.indexes.get(index).map_or(String::new(), |index| sql::versions(table, index, prefix)),
        Verb::KeyBehind => sql::key_behind(table, &physical),
        Verb::DeleteBefore => sql::delete_before(table, &physical),
    }
}

/// Binds values to the parameters from `number` on; the number after the last.
pub(crate) fn bind(statement: &mut Statement<'_>, number: usize, values: &[Value]) -> rusqlite::Result<usize> {
    for (number, value) in (number..).zip(values) {
        statement.raw_bind_parameter(number, Bound(value))?;
    }
    Ok(number + values.len())
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(int) => ValueRef::Integer(*int),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Id(id) => ValueRef::Blob(id),
            Value::Hash(hash) => ValueRef::Blob(hash),
        }))
    }
}
