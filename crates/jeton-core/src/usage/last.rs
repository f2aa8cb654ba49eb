//! When something last happened to a subject, to the minute.

use super::{Outcome, Subject};
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// When a subject last met an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// The subject.
    pub subject: Subject,
    /// The outcome.
    pub outcome: Outcome,
    /// The minute, in seconds.
    pub at: i64,
}

/// Where they are kept.
pub static TABLE: Table = Table {
    name: "usage_last",
    columns: &[Column::text("subject"), Column::int("outcome"), Column::int("at")],
    key: 2,
    indexes: &[],
    class: Class::Noted,
};

impl Last {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::text(&self.subject.to_string()), Value::Int(i64::from(self.outcome.number())), Value::Int(self.at)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Last, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let subject = row.read(|value| Subject::parse(value.as_text()?))?;
        Ok(Last { subject, outcome: row.read(|value| Outcome::from_number(value.int()?))?, at: row.int()? })
    }
}

/// How the keys of a subject begin.
#[must_use]
pub fn key(subject: &Subject) -> Key {
    vec![Value::text(&subject.to_string())]
}
