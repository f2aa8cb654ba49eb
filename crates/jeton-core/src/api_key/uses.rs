//! How many uses of a limited key were handed out.

use crate::id::ApiKeyId;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// The uses of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uses {
    /// The key.
    pub key: ApiKeyId,
    /// How many uses were handed out in all: never fewer than were made; what comes back unused counts no more.
    pub leased: i64,
}

/// Where they are kept.
pub static TABLE: Table =
    Table { name: "api_key_use", columns: &[Column::bytes("key"), Column::int("leased")], key: 1, indexes: &[], class: Class::Authority };

impl Uses {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Id(self.key.0), Value::Int(self.leased)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Uses, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Uses { key: ApiKeyId(row.read(|value| value.as_bytes()?.try_into().ok())?), leased: row.int()? })
    }
}
