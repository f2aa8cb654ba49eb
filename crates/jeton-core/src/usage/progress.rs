//! How far counting has come, and what of it was lost.

use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// How far counting has come. One row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The minute that was counted in, in seconds: those before it are in the counts, and the journal goes on from it.
    pub minute: i64,
    /// Whether a process counts, or has ended without a last word.
    pub is_running: bool,
    /// How many times a process ended without one: each lost a second of counting at most.
    pub seconds_lost: u64,
    /// How many uses were counted and could not be kept.
    pub uses_dropped: u64,
    /// Since when every use is counted, in seconds: nobody is idle for what came before. `None`: uses are not counted now.
    pub kept_since: Option<i64>,
}

/// A column that version 4 added.
pub static KEPT_SINCE: Column = Column::int("kept_since").or_null();

/// Where it is kept.
pub static TABLE: Table = Table {
    name: "usage_progress",
    columns: &[
        Column::int("id"),
        Column::int("minute"),
        Column::int("is_running"),
        Column::int("seconds_lost"),
        Column::int("uses_dropped"),
        Column::int("kept_since").or_null(),
    ],
    key: 1,
    indexes: &[],
    class: Class::Noted,
};

/// The key of the only row.
pub const KEY: Value = Value::Int(0);

impl Progress {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let int = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        vec![
            KEY,
            Value::Int(self.minute),
            Value::Int(i64::from(self.is_running)),
            int(self.seconds_lost),
            int(self.uses_dropped),
            self.kept_since.map_or(Value::Null, Value::Int),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Progress, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let number = |value: &Value| u64::try_from(value.int()?).ok();
        row.int()?;
        Ok(Progress {
            minute: row.int()?,
            is_running: row.int()? != 0,
            seconds_lost: row.read(number)?,
            uses_dropped: row.read(number)?,
            kept_since: row.int_or_null()?,
        })
    }
}
