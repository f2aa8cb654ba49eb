//! The last signed checkpoint of the ledger: kept before it is shown, so that none is ever smaller than one that was.

use std::sync::Arc;

use crate::commit::Commit;
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// The one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// How many entries it covers.
    pub size: i64,
    /// When it was signed, in seconds.
    pub signed_at: i64,
    /// The signed note (C2SP tlog-checkpoint).
    pub note: Arc<str>,
}

/// Where it is kept.
pub static TABLE: Table = Table {
    name: "checkpoint",
    columns: &[Column::int("id"), Column::int("size"), Column::int("signed_at"), Column::text("note")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

/// Its key: there is one row.
pub const KEY: Value = Value::Int(1);

impl SignedCheckpoint {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![KEY, Value::Int(self.size), Value::Int(self.signed_at), Value::Text(self.note.clone())]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<SignedCheckpoint, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        row.int()?;
        Ok(SignedCheckpoint { size: row.int()?, signed_at: row.int()?, note: row.text()? })
    }

    /// The commit that keeps it: bookkeeping, no entry of its own.
    pub fn keep(&self, moment: &mut Moment) -> Commit {
        Commit::new(moment).put(&TABLE, self.row())
    }
}
