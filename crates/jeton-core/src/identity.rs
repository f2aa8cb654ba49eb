//! Who somebody is at a provider: by that alone they are known here when they come again, whatever their address is by then.

pub mod arrive;
pub mod connect;

use std::sync::Arc;

use crate::id::{PersonId, ProviderId};
use crate::record::{Class, Column, Index, Key, Malformed, Reader, Row, Table, Value};

/// Who one person is at one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub provider: ProviderId,
    /// What it calls them.
    pub subject: Arc<str>,
    /// Who they are here.
    pub person: PersonId,
    /// Since when that is known, in seconds.
    pub linked_at: i64,
    /// Whether the provider's word alone proved it, and no session of theirs here: enough for nobody who administers.
    pub is_by_word_alone: bool,
}

/// Where identities are kept.
pub static TABLE: Table = Table {
    name: "identity",
    columns: &[
        Column::text("provider"),
        Column::text("subject"),
        Column::text("person"),
        Column::int("linked_at"),
        Column::int("by_word_alone"),
    ],
    key: 2,
    indexes: &[Index { name: "identity_by_person", columns: &[2], unique: false }],
    class: Class::Authority,
};

/// The index by person.
pub const BY_PERSON: usize = 0;

/// The key of what a provider calls somebody.
#[must_use]
pub fn key(provider: &ProviderId, subject: &str) -> Key {
    vec![Value::Text(provider.0.clone()), Value::text(subject)]
}

impl Identity {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = key(&self.provider, &self.subject);
        row.extend([Value::Text(self.person.0.clone()), Value::Int(self.linked_at), Value::Int(i64::from(self.is_by_word_alone))]);
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Identity, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Identity {
            provider: ProviderId(row.text()?),
            subject: row.text()?,
            person: PersonId(row.text()?),
            linked_at: row.int()?,
            is_by_word_alone: row.int()? != 0,
        })
    }
}
