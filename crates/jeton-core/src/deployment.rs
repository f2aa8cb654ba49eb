//! What this deployment is: one issuer, one ledger.

use std::sync::Arc;

use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// The one row that says whose data folder this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The issuer (RFC 8414 section 2), as it stands in every token.
    pub issuer: Arc<str>,
    /// The first part of every opaque token.
    pub token_prefix: Arc<str>,
    /// When it began, in seconds.
    pub created_at: i64,
}

/// Where it is kept.
pub static TABLE: Table = Table {
    name: "deployment",
    columns: &[Column::int("id"), Column::text("issuer"), Column::text("token_prefix"), Column::int("created_at")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// Its key: there is one row.
pub const KEY: Value = Value::Int(1);

impl Deployment {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![KEY, Value::Text(self.issuer.clone()), Value::Text(self.token_prefix.clone()), Value::Int(self.created_at)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Deployment, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        row.int()?;
        Ok(Deployment { issuer: row.text()?, token_prefix: row.text()?, created_at: row.int()? })
    }
}
