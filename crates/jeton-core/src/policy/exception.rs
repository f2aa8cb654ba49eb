//! Exceptions: one credential that lives beyond its maximum, with a name that answers for it and a day on which it ends.

pub mod create;
pub mod end;
pub mod request;

use std::sync::Arc;

use super::CredentialKind;
use crate::id::{Actor, ExceptionId};
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyException {
    /// Its id.
    pub id: ExceptionId,
    /// What kind of credential it is for.
    pub kind: CredentialKind,
    /// The id of that credential.
    pub credential: Arc<str>,
    /// Who answers for it: a person's name, or how to reach whoever does.
    pub owner: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When it ends, and the credential with it, in seconds.
    pub ends_at: i64,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// Who made it.
    pub created_by: Actor,
}

/// How far ahead an exception may end, in seconds.
pub const AHEAD_MAX_SECONDS: i64 = 400 * 86_400;

/// Where exceptions are kept; at most one for each credential.
pub static TABLE: Table = Table {
    name: "policy_exception",
    columns: &[
        Column::text("id"),
        Column::text("kind"),
        Column::text("credential"),
        Column::text("owner"),
        Column::text("reason"),
        Column::int("ends_at"),
        Column::int("created_at"),
        Column::text("created_by"),
    ],
    key: 1,
    indexes: &[Index { name: "policy_exception_by_credential", columns: &[2], unique: true }],
    class: Class::Authority,
};

impl PolicyException {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Text(self.id.0.clone()),
            Value::text(self.kind.lifetime().policy_key),
            Value::Text(self.credential.clone()),
            Value::Text(self.owner.clone()),
            Value::Text(self.reason.clone()),
            Value::Int(self.ends_at),
            Value::Int(self.created_at),
            Value::Text(self.created_by.0.clone()),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<PolicyException, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(PolicyException {
            id: ExceptionId(row.text()?),
            kind: row.read(|value| CredentialKind::from_policy_key(value.as_text()?))?,
            credential: row.text()?,
            owner: row.text()?,
            reason: row.text()?,
            ends_at: row.int()?,
            created_at: row.int()?,
            created_by: Actor(row.text()?),
        })
    }
}
