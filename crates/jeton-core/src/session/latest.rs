//! When each person last proved who they are: what re-authentication asks for, whatever session it was in.

use super::proof::Acr;
use crate::id::PersonId;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// The latest proof of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Whose.
    pub person: PersonId,
    /// When, in seconds.
    pub at: i64,
    /// How strongly.
    pub acr: Acr,
}

/// Where it is kept, one row for each person who ever signed in.
pub static TABLE: Table = Table {
    name: "authentication",
    columns: &[Column::text("person"), Column::int("at"), Column::text("acr")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl Latest {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Text(self.person.0.clone()), Value::Int(self.at), Value::text(self.acr.name())]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Latest, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Latest { person: PersonId(row.text()?), at: row.int()?, acr: row.read(|value| Acr::from_name(value.as_text()?))? })
    }
}
