//! Links that are sent to somebody, or shown to whoever administers: who has one chooses a password, or shows that letters reach them. One is
//! good once and for a short time, and the next of the same purpose replaces it.

pub mod make;
pub mod spend;
pub mod text;

use std::sync::Arc;

use jeton_token::SecretHash;

use crate::id::{LinkId, PersonId};
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which.
    pub id: LinkId,
    /// Whose.
    pub person: PersonId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Where it goes to. Of somebody with another address it is good for nothing.
    pub address: Arc<str>,
    /// Whether it is told to whoever asked for it, and not sent: who has it does not show then that letters reach them.
    pub is_shown: bool,
    /// What its secret comes from, with the root key.
    pub salt: [u8; 32],
    /// The keyed hash of its text, and the epoch that both are under.
    pub proof: (SecretHash, u16),
    /// When it was made, in seconds; under a cut-off never before it.
    pub created_at: i64,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
}

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Somebody who was taken in chooses their first password.
    Invitation,
    /// Somebody who forgot their password chooses another.
    PasswordReset,
    /// Somebody shows that letters to their address reach them.
    EmailVerification,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 3] = [Purpose::Invitation, Purpose::PasswordReset, Purpose::EmailVerification];

    /// Its name in rows, entries and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind().lifetime().policy_key
    }

    /// Its line of the lifetimes.
    #[must_use]
    pub fn kind(self) -> CredentialKind {
        match self {
            Purpose::Invitation => CredentialKind::Invitation,
            Purpose::PasswordReset => CredentialKind::PasswordReset,
            Purpose::EmailVerification => CredentialKind::EmailVerification,
        }
    }

    /// The purpose of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// Whether whoever uses it chooses a password.
    #[must_use]
    pub fn sets_password(self) -> bool {
        !matches!(self, Purpose::EmailVerification)
    }
}

/// Where links are kept, until they are used.
pub static TABLE: Table = Table {
    name: "link",
    columns: &[
        Column::bytes("id"),
        Column::text("person"),
        Column::text("purpose"),
        Column::text("address"),
        Column::int("is_shown"),
        Column::bytes("salt"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::int("created_at"),
        Column::int("expires_at"),
    ],
    key: 1,
    indexes: &[Index { name: "link_by_person", columns: &[1, 2], unique: false }],
    class: Class::Authority,
};

/// The index by person and purpose, by its position.
pub const BY_PERSON: usize = 0;

impl Link {
    /// When it ends, in seconds: as it was made, or by today's policy.
    #[must_use]
    pub fn ends_at(&self, policies: &Policies) -> i64 {
        let allowed = policies.effective(self.purpose.kind(), &Subject::Deployment);
        self.expires_at.min(self.created_at.saturating_add(allowed.max_seconds))
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (hash, epoch) = &self.proof;
        vec![
            Value::Id(self.id.0),
            Value::Text(self.person.0.clone()),
            Value::text(self.purpose.name()),
            Value::Text(self.address.clone()),
            Value::Int(i64::from(self.is_shown)),
            Value::Hash(self.salt),
            Value::Hash(*hash.as_bytes()),
            Value::Int(i64::from(*epoch)),
            Value::Int(self.created_at),
            Value::Int(self.expires_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Link, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Link {
            id: row.read(|value| Some(LinkId(value.as_bytes()?.try_into().ok()?)))?,
            person: PersonId(row.text()?),
            purpose: row.read(|value| Purpose::from_name(value.as_text()?))?,
            address: row.text()?,
            is_shown: row.int()? != 0,
            salt: row.read(|value| value.as_bytes()?.try_into().ok())?,
            proof: (
                row.read(|value| Some(SecretHash::from_bytes(value.as_bytes()?.try_into().ok()?)))?,
                row.read(|value| u16::try_from(value.int()?).ok())?,
            ),
            created_at: row.int()?,
            expires_at: row.int()?,
        })
    }
}
