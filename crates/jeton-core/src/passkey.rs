//! Passkeys (WebAuthn Level 3): a key that an authenticator made for somebody and for this server alone, which signs only on a page of it, after
//! the authenticator saw who holds it. One is enough to sign in, and counts as two factors.

pub mod add;
pub mod assertion;
mod authenticator_data;
mod cbor;
pub mod challenge;
mod client_data;
mod cose;
mod flaw;
pub mod registration;
pub mod remove;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::id::{PasskeyId, PersonId};
use crate::record::{Class, Column, Index, Key, Malformed, Reader, Row, Table, Value};

pub use flaw::Flaw;

/// The most that one person has.
pub const OF_PERSON_MAX: usize = 20;
/// How many bytes the name of somebody at their authenticators has, where this server draws it (WebAuthn section 5.4.3: at most 64).
pub const HANDLE_BYTES: usize = 32;

/// One passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// What people and programs call it.
    pub id: PasskeyId,
    /// Whose.
    pub person: PersonId,
    /// What its authenticator calls this person: random, and the same for all passkeys of theirs, so that it tells nobody who they are.
    pub handle: Arc<[u8]>,
    /// What its authenticator calls it.
    pub credential: Arc<[u8]>,
    /// Its public key, as the authenticator wrote it (RFC 9052 section 7).
    pub public_key: Arc<[u8]>,
    /// How often it signed, as it says itself; 0: it does not say.
    pub counter: u32,
    /// What whoever has it calls it.
    pub name: Arc<str>,
    /// When it was added, in seconds.
    pub added_at: i64,
    /// When it last signed somebody in, in seconds; `None`: never.
    pub used_at: Option<i64>,
    /// Whether it may leave the authenticator that made it, to others of the same person.
    pub may_be_copied: bool,
    /// Whether it did, when it last said so.
    pub is_copied: bool,
}

/// Where passkeys are kept.
pub static TABLE: Table = Table {
    name: "passkey",
    columns: &[
        Column::bytes("credential_hash"),
        Column::bytes("id"),
        Column::text("person"),
        Column::bytes("handle"),
        Column::bytes("credential"),
        Column::bytes("public_key"),
        Column::int("counter"),
        Column::text("name"),
        Column::int("added_at"),
        Column::int("used_at").or_null(),
        Column::int("may_be_copied"),
        Column::int("is_copied"),
    ],
    key: 1,
    indexes: &[Index { name: "passkey_by_person", columns: &[2], unique: false }],
    class: Class::Authority,
};

/// The index by person.
pub const BY_PERSON: usize = 0;

/// The key of what an authenticator calls a passkey, which may be long.
#[must_use]
pub fn key(credential: &[u8]) -> Key {
    vec![Value::bytes(digest(&SHA256, credential).as_ref())]
}

impl Passkey {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        key(&self.credential)
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = self.key();
        row.extend([
            Value::Id(self.id.0),
            Value::Text(self.person.0.clone()),
            Value::bytes(&self.handle),
            Value::bytes(&self.credential),
            Value::bytes(&self.public_key),
            Value::Int(i64::from(self.counter)),
            Value::Text(self.name.clone()),
            Value::Int(self.added_at),
            self.used_at.map_or(Value::Null, Value::Int),
            Value::Int(i64::from(self.may_be_copied)),
            Value::Int(i64::from(self.is_copied)),
        ]);
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Passkey, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        // It is made of the credential.
        row.bytes()?;
        Ok(Passkey {
            id: PasskeyId(row.read(|value| value.as_bytes()?.try_into().ok())?),
            person: PersonId(row.text()?),
            handle: Arc::from(row.bytes()?),
            credential: Arc::from(row.bytes()?),
            public_key: Arc::from(row.bytes()?),
            counter: row.read(|value| u32::try_from(value.int()?).ok())?,
            name: row.text()?,
            added_at: row.int()?,
            used_at: row.int_or_null()?,
            may_be_copied: row.int()? != 0,
            is_copied: row.int()? != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back() {
        for length in [16_u8, 32, 33] {
            let passkey = Passkey {
                id: PasskeyId([1; 16]),
                person: PersonId::from("user_1"),
                handle: Arc::from([2; HANDLE_BYTES]),
                credential: (0..length).collect(),
                public_key: Arc::from([4; 77]),
                counter: u32::MAX,
                name: "Telephone".into(),
                added_at: 5,
                used_at: (length == 16).then_some(6),
                may_be_copied: true,
                is_copied: length == 32,
            };
            assert_eq!(Passkey::from_row(&passkey.row()).unwrap(), passkey);
            assert_eq!(passkey.row().len(), TABLE.columns.len());
            assert_eq!(passkey.key(), passkey.row()[..1]);
        }
    }
}
