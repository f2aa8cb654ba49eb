//! Sessions: somebody signed in at a browser. Its id stays as long as it does; its secret is new with each proof of who they are.

pub mod begin;
pub mod end;
pub mod ended;
pub mod judge;
pub mod latest;
pub mod leave;
pub mod logout;
pub mod proof;
pub mod secret;

use std::sync::Arc;

use jeton_token::SecretHash;

use crate::id::{PersonId, SessionId};
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};
use crate::sender::Sender;
use proof::Authenticated;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its `sid`.
    pub id: SessionId,
    /// Who is signed in.
    pub person: PersonId,
    /// The keyed hash of its secret, and the epoch that it is under.
    pub proof: (SecretHash, u16),
    /// How they proved who they are, the last time.
    pub authenticated: Authenticated,
    /// When it began, in seconds; under a cut-off never before it.
    pub created_at: i64,
    /// When its secret was made, in seconds.
    pub renewed_at: i64,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
    /// From where, and with what browser, it began.
    pub sender: Sender,
}

/// Where sessions are kept.
pub static TABLE: Table = Table {
    name: "session",
    columns: &[
        Column::bytes("id"),
        Column::text("person"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::int("authenticated_at"),
        Column::text("acr"),
        Column::text("amr"),
        Column::int("created_at"),
        Column::int("renewed_at"),
        Column::int("expires_at"),
        Column::text("network").or_null(),
        Column::text("agent").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "session_by_person", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// The index by person, by its position.
pub const BY_PERSON: usize = 0;

impl Session {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let text = |text: &Option<Arc<str>>| text.clone().map_or(Value::Null, Value::Text);
        let (hash, epoch) = &self.proof;
        let [at, acr, amr] = self.authenticated.values();
        vec![
            Value::Id(self.id.0),
            Value::Text(self.person.0.clone()),
            Value::Hash(*hash.as_bytes()),
            Value::Int(i64::from(*epoch)),
            at,
            acr,
            amr,
            Value::Int(self.created_at),
            Value::Int(self.renewed_at),
            Value::Int(self.expires_at),
            text(&self.sender.network),
            text(&self.sender.agent),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Session, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Session {
            id: row.read(|value| Some(SessionId(value.as_bytes()?.try_into().ok()?)))?,
            person: PersonId(row.text()?),
            proof: (
                row.read(|value| Some(SecretHash::from_bytes(value.as_bytes()?.try_into().ok()?)))?,
                row.read(|value| u16::try_from(value.int()?).ok())?,
            ),
            authenticated: Authenticated::read(&mut row)?,
            created_at: row.int()?,
            renewed_at: row.int()?,
            expires_at: row.int()?,
            sender: Sender { network: row.text_or_null()?, agent: row.text_or_null()? },
        })
    }
}
