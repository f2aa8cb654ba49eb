//! Signing keys: for each algorithm in use one signs, the next is published already, and the retired ones stay published while a token
//! that they signed can live.

pub mod ensure;
pub mod remove;
pub mod revoke;
pub mod rotate;
pub mod signed;

use std::sync::Arc;

use jeton_jose::Algorithm;

use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, KeyId};
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Its `kid`.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// The one algorithm it signs with.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub state: State,
    /// Its public half, a JWK.
    pub public: Arc<str>,
    /// Its private half, sealed; gone once nothing is to be signed with it.
    pub sealed: Option<Arc<[u8]>>,
    /// The epoch of the root key that it is sealed under.
    pub epoch: u16,
    /// When it was made, and published, in seconds.
    pub created_at: i64,
    /// When it began to sign, in seconds.
    pub activated_at: Option<i64>,
    /// When it is removed, in seconds: the last token it signed has expired by then.
    pub remove_at: Option<i64>,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tokens.
    Token,
    /// Checkpoints of the ledger.
    Ledger,
}

/// Where a key stands. It only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Published, not signing yet.
    Next,
    /// Signing.
    Current,
    /// Published, no longer signing.
    Retired,
    /// Not published, not trusted.
    Revoked,
}

impl Purpose {
    /// Its name in rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Token => "token",
            Purpose::Ledger => "ledger",
        }
    }
}

impl State {
    /// Its name in rows and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Next => "next",
            State::Current => "current",
            State::Retired => "retired",
            State::Revoked => "revoked",
        }
    }
}

/// Where signing keys are kept.
pub static TABLE: Table = Table {
    name: "signing_key",
    columns: &[
        Column::text("id"),
        Column::text("purpose"),
        Column::text("algorithm"),
        Column::text("state"),
        Column::text("public"),
        Column::bytes("sealed").or_null(),
        Column::int("epoch"),
        Column::int("created_at"),
        Column::int("activated_at").or_null(),
        Column::int("remove_at").or_null(),
    ],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl SigningKeyRecord {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Text(self.id.0.clone()),
            Value::text(self.purpose.name()),
            Value::text(self.algorithm.name()),
            Value::text(self.state.name()),
            Value::Text(self.public.clone()),
            self.sealed.as_deref().map_or(Value::Null, Value::bytes),
            Value::Int(i64::from(self.epoch)),
            Value::Int(self.created_at),
            self.activated_at.map_or(Value::Null, Value::Int),
            self.remove_at.map_or(Value::Null, Value::Int),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<SigningKeyRecord, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(SigningKeyRecord {
            id: KeyId(row.text()?),
            purpose: row.read(|value| {
                let name = value.as_text()?;
                [Purpose::Token, Purpose::Ledger].into_iter().find(|purpose| purpose.name() == &**name)
            })?,
            algorithm: row.read(|value| Algorithm::from_name(value.as_text()?))?,
            state: row.read(|value| {
                let name = value.as_text()?;
                [State::Next, State::Current, State::Retired, State::Revoked].into_iter().find(|state| state.name() == &**name)
            })?,
            public: row.text()?,
            sealed: row.read(|value| match value {
                Value::Null => Some(None),
                value => Some(Some(Arc::from(value.as_bytes()?))),
            })?,
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
            created_at: row.int()?,
            activated_at: row.int_or_null()?,
            remove_at: row.int_or_null()?,
        })
    }

    /// What its sealing is bound to.
    #[must_use]
    pub fn seal_context(id: &KeyId) -> Vec<u8> {
        format!("signing key {id}").into_bytes()
    }
}

/// A key that was just made and sealed, outside: private keys never enter a decision.
#[derive(Clone, Debug)]
pub struct FreshKey {
    /// Its thumbprint.
    pub id: KeyId,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its public half, a JWK.
    pub public: Arc<str>,
    /// Its private half, sealed.
    pub sealed: Arc<[u8]>,
    /// The epoch it is sealed under.
    pub epoch: u16,
}

/// The key ring of one purpose and algorithm.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// What signs.
    pub current: Option<SigningKeyRecord>,
    /// What signs next.
    pub next: Option<SigningKeyRecord>,
}

impl FreshKey {
    fn record(self, purpose: Purpose, state: State, moment: &Moment) -> SigningKeyRecord {
        let now = moment.now.seconds();
        SigningKeyRecord {
            id: self.id,
            purpose,
            algorithm: self.algorithm,
            state,
            public: self.public,
            sealed: Some(self.sealed),
            epoch: self.epoch,
            created_at: now,
            activated_at: (state == State::Current).then_some(now),
            remove_at: None,
        }
    }
}

fn add(commit: Commit, record: &SigningKeyRecord, actor: &Actor) -> Commit {
    commit.put(&TABLE, record.row()).tell(Event::SigningKeyCreated {
        actor: actor.clone(),
        key: record.id.clone(),
        algorithm: Arc::from(record.algorithm.name()),
    })
}
