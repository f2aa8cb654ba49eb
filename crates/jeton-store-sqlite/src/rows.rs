//! Rows as they are read: the table's columns, version and checksum. A row that is not what was written is a fault, never data.

use std::sync::Arc;

use jeton_core::record::{Row, Table, Value, Versioned};
use jeton_store::checksum;
use jeton_store::store::Fault;
use rusqlite::types::ValueRef;

use crate::fault::fault;

/// Reads many rows of one table. It keeps the room of the row before, and shares a text that stands in its column again: a scan of
/// what one API or client left behind allocates nothing.
pub(crate) struct RowReader {
    table: &'static Table,
    last: Versioned<Row>,
    encoded: Vec<u8>,
}

impl RowReader {
    pub(crate) fn new(table: &'static Table) -> RowReader {
        let record = vec![Value::Null; table.columns.len()];
        RowReader { table, last: Versioned { version: 0, record }, encoded: Vec::with_capacity(256) }
    }

    /// The row that a statement stands on.
    pub(crate) fn read(&mut self, row: &rusqlite::Row<'_>) -> Result<&Versioned<Row>, Fault> {
        let stored = self.take(row).map_err(|error| fault(&error, self.table.name))?;
        let found = checksum::of_row_in(&mut self.encoded, self.table, &self.last.record, self.last.version);
        if found == stored { Ok(&self.last) } else { Err(checksum::damaged(self.table.name)) }
    }

    /// Takes the values and the version over; the checksum that is stored with them.
    fn take(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<i64> {
        for (column, value) in self.last.record.iter_mut().enumerate() {
            read_value(row, column, value)?;
        }
        let count = self.last.record.len();
        let version: i64 = row.get(count)?;
        self.last.version = u64::try_from(version).unwrap_or(u64::MAX);
        row.get(count + 1)
    }
}

/// A single row.
pub(crate) fn read_row(table: &'static Table, row: &rusqlite::Row<'_>) -> Result<Versioned<Row>, Fault> {
    let mut reader = RowReader::new(table);
    reader.read(row)?;
    Ok(reader.last)
}

/// The first values of a row.
pub(crate) fn read_values(row: &rusqlite::Row<'_>, count: usize) -> rusqlite::Result<Vec<Value>> {
    let mut values = vec![Value::Null; count];
    for (column, value) in values.iter_mut().enumerate() {
        read_value(row, column, value)?;
    }
    Ok(values)
}

/// Reads a value over the one that was there.
fn read_value(row: &rusqlite::Row<'_>, column: usize, value: &mut Value) -> rusqlite::Result<()> {
    let found = row.get_ref(column)?;
    *value = match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Text(text) if matches!(value, Value::Text(last) if last.as_bytes() == text) => return Ok(()),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| rusqlite::Error::Utf8Error(column, error))?;
            Value::Text(Arc::from(text))
        }
        ValueRef::Blob(bytes) => Value::bytes(bytes),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidColumnType(column, String::new(), found.data_type())),
    };
    Ok(())
}
