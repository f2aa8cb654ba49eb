//! Grants: what a person allowed a client, and the refresh family that goes with it. One row, which a refresh changes and no index names
//! ([`of_person`] lists them).

pub mod code;
pub mod end;
pub mod exchange;
pub mod family;
pub mod fingerprint;
pub mod of_person;
pub mod place;
pub mod refresh;
pub mod scopes;

use std::sync::Arc;

use crate::api_key::state::State;
use crate::id::{ApiId, ClientId, GrantId, PersonId, SessionId};
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::session::proof::Authenticated;
use family::Family;
use scopes::{IdentityScopes, ScopesByApi};

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The id of the code it was given for.
    pub id: GrantId,
    /// Whose authority it hands on.
    pub person: PersonId,
    /// To whom.
    pub client: ClientId,
    /// The session that it ends with, unless it has `offline_access`.
    pub session: Option<SessionId>,
    /// How it came to be.
    pub origin: Origin,
    /// The scopes of APIs: what is issued has these at most.
    pub scopes: ScopesByApi,
    /// What the client may know of the person.
    pub identity: IdentityScopes,
    /// What a token is for when nobody says.
    pub api: ApiId,
    /// Where the person was sent back to; `None`: a device asked.
    pub redirect_host: Option<Arc<str>>,
    /// How the person proved who they are.
    pub proof: Authenticated,
    /// When it was made, in seconds; under a cut-off never before it.
    pub created_at: i64,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
    /// Whether it was ended.
    pub state: State,
    /// Its refresh tokens; `None`: it has none.
    pub family: Option<Family>,
}

/// How a grant came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By an authorization code (RFC 6749 section 4.1).
    Code,
    /// By a device code (RFC 8628).
    Device,
}

impl Origin {
    /// Its name in rows and entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::Code => "code",
            Origin::Device => "device",
        }
    }

    fn from_name(name: &str) -> Option<Origin> {
        [Origin::Code, Origin::Device].into_iter().find(|origin| origin.name() == name)
    }
}

/// Where grants are kept. Without an index: a refresh writes the row anew, and each index with it.
pub static TABLE: Table = Table {
    name: "grant",
    columns: &[
        Column::bytes("id"),
        Column::text("person"),
        Column::text("client"),
        Column::bytes("session").or_null(),
        Column::text("origin"),
        Column::text("scopes"),
        Column::text("identity"),
        Column::text("api"),
        Column::text("redirect_host").or_null(),
        Column::int("authenticated_at"),
        Column::text("acr"),
        Column::text("amr"),
        Column::int("created_at"),
        Column::int("expires_at"),
        Column::text("state"),
        Column::int("state_at").or_null(),
        Column::text("state_by").or_null(),
        Column::text("state_why").or_null(),
        Column::int("generation").or_null(),
        Column::int("epoch").or_null(),
        Column::bytes("salt").or_null(),
        Column::bytes("spent").or_null(),
        Column::bytes("token").or_null(),
        Column::bytes("fingerprint").or_null(),
        Column::int("rotated_at").or_null(),
        Column::int("recovered_at").or_null(),
        Column::text("network").or_null(),
        Column::text("agent").or_null(),
    ],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl Grant {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = vec![
            Value::Id(self.id.0),
            Value::Text(self.person.0.clone()),
            Value::Text(self.client.0.clone()),
            self.session.map_or(Value::Null, |session| Value::Id(session.0)),
            Value::text(self.origin.name()),
            self.scopes.value(),
            Value::text(&self.identity.to_string()),
            Value::Text(self.api.0.clone()),
            self.redirect_host.clone().map_or(Value::Null, Value::Text),
        ];
        row.extend(self.proof.values());
        row.extend([Value::Int(self.created_at), Value::Int(self.expires_at)]);
        row.extend(self.state.values());
        row.extend(Family::values(self.family.as_ref()));
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Grant, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let session = |value: &Value| match value {
            Value::Null => Some(None),
            value => Some(Some(SessionId(value.as_bytes()?.try_into().ok()?))),
        };
        Ok(Grant {
            id: row.read(|value| Some(GrantId(value.as_bytes()?.try_into().ok()?)))?,
            person: PersonId(row.text()?),
            client: ClientId(row.text()?),
            session: row.read(session)?,
            origin: row.read(|value| Origin::from_name(value.as_text()?))?,
            scopes: row.read(|value| ScopesByApi::parse(value.as_text()?))?,
            identity: row.read(|value| IdentityScopes::parse(value.as_text()?))?,
            api: ApiId(row.text()?),
            redirect_host: row.text_or_null()?,
            proof: Authenticated::read(&mut row)?,
            created_at: row.int()?,
            expires_at: row.int()?,
            state: State::read(&mut row)?,
            family: Family::read(&mut row)?,
        })
    }
}
