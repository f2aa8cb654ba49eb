//! Consent: what a person said a client may have, until when. A client that asks for no more is not asked about again.

pub mod give;
pub mod needed;
pub mod withdraw;

use jeton_oauth::scope::ScopeSet;

use crate::api::parse_scope_list;
use crate::id::{ApiId, ClientId, PersonId, SessionId};
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// What somebody said of one API, or of who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who said it.
    pub person: PersonId,
    /// Of whom.
    pub client: ClientId,
    /// Of what.
    pub of: Of,
    /// What the client may have of it; of who they are the names of identity scopes.
    pub scopes: ScopeSet,
    /// When it was said, in seconds.
    pub given_at: i64,
    /// When it ends, in seconds.
    pub expires_at: i64,
    /// In which session.
    pub session: SessionId,
}

/// Of what a consent is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Of who they are.
    Identity,
    /// Of an API.
    Api(ApiId),
}

/// Where consents are kept.
pub static TABLE: Table = Table {
    name: "consent",
    columns: &[
        Column::text("person"),
        Column::text("client"),
        Column::text("api"),
        Column::text("scopes"),
        Column::int("given_at"),
        Column::int("expires_at"),
        Column::bytes("session"),
    ],
    key: 3,
    indexes: &[],
    class: Class::Authority,
};

impl Of {
    /// As the column `api`: empty of who they are.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Of::Identity => Value::text(""),
            Of::Api(api) => Value::Text(api.0.clone()),
        }
    }
}

impl Consent {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        vec![Value::Text(self.person.0.clone()), Value::Text(self.client.0.clone()), self.of.value()]
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = self.key();
        row.extend([Value::text(self.scopes.as_str()), Value::Int(self.given_at), Value::Int(self.expires_at), Value::Id(self.session.0)]);
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Consent, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Consent {
            person: PersonId(row.text()?),
            client: ClientId(row.text()?),
            of: row.read(|value| {
                let api = value.as_text()?;
                Some(if api.is_empty() { Of::Identity } else { Of::Api(ApiId(api.clone())) })
            })?,
            scopes: row.read(|value| parse_scope_list(value.as_text()?).ok())?,
            given_at: row.int()?,
            expires_at: row.int()?,
            session: row.read(|value| Some(SessionId(value.as_bytes()?.try_into().ok()?)))?,
        })
    }
}

/// What the keys of what a person said of a client begin with.
#[must_use]
pub fn prefix(person: &PersonId, client: &ClientId) -> Key {
    vec![Value::Text(person.0.clone()), Value::Text(client.0.clone())]
}
