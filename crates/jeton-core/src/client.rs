//! Clients: the applications that ask for tokens (RFC 6749 section 1.1).

pub mod assertion;
pub mod create;
pub mod delete;
pub mod secret;
pub mod update;

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;

use crate::api::parse_scope_list;
use crate::id::{ApiId, ClientId};
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its `client_id`: public, random.
    pub id: ClientId,
    /// What people call it: unique.
    pub name: Arc<str>,
    /// The grants it may use.
    pub grant_types: Vec<GrantType>,
    /// How it proves who it is.
    pub authentication: AuthenticationMethod,
    /// Its public keys, a JWK Set (RFC 7517 section 5), for `private_key_jwt`.
    pub jwks: Option<Arc<str>>,
    /// The APIs it may ask for.
    pub apis: Vec<ApiId>,
    /// The scopes it may have, at any of them.
    pub scopes: ScopeSet,
    /// Whether it may introspect tokens for its APIs and follow the revocation feed.
    pub may_introspect: bool,
    /// When it was registered, in seconds.
    pub created_at: i64,
    /// When it last changed, in seconds.
    pub updated_at: i64,
    /// Whom to ask about it.
    pub contact: Option<Arc<str>>,
}

/// The grants there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// RFC 6749 section 4.4.
    ClientCredentials,
}

impl GrantType {
    /// All of them.
    pub const ALL: [GrantType; 1] = [GrantType::ClientCredentials];

    /// Its name (RFC 7591 section 2).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GrantType::ClientCredentials => "client_credentials",
        }
    }

    /// The grant of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<GrantType> {
        GrantType::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// How a client proves who it is (RFC 7591 section 2, `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationMethod {
    /// Its secret in the Authorization header.
    SecretBasic,
    /// Its secret in the body.
    SecretPost,
    /// A JWT that it signs (RFC 7523).
    PrivateKeyJwt,
}

impl AuthenticationMethod {
    /// All of them.
    pub const ALL: [AuthenticationMethod; 3] =
        [AuthenticationMethod::SecretBasic, AuthenticationMethod::SecretPost, AuthenticationMethod::PrivateKeyJwt];

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AuthenticationMethod::SecretBasic => "client_secret_basic",
            AuthenticationMethod::SecretPost => "client_secret_post",
            AuthenticationMethod::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// The method of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<AuthenticationMethod> {
        AuthenticationMethod::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Where clients are kept.
pub static TABLE: Table = Table {
    name: "client",
    columns: &[
        Column::text("id"),
        Column::text("name"),
        Column::text("grant_types"),
        Column::text("token_endpoint_auth_method"),
        Column::text("jwks").or_null(),
        Column::text("apis"),
        Column::text("scopes"),
        Column::int("may_introspect"),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::text("contact").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "client_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Client {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let grant_types: Vec<_> = self.grant_types.iter().map(|grant| grant.name()).collect();
        let apis: Vec<_> = self.apis.iter().map(ApiId::as_str).collect();
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.name.clone()),
            Value::text(&grant_types.join(" ")),
            Value::text(self.authentication.name()),
            self.jwks.clone().map_or(Value::Null, Value::Text),
            Value::text(&apis.join(" ")),
            Value::text(&self.scopes.to_string()),
            Value::Int(i64::from(self.may_introspect)),
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
            self.contact.clone().map_or(Value::Null, Value::Text),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Client, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Client {
            id: ClientId(row.text()?),
            name: row.text()?,
            grant_types: row.read(|value| value.as_text()?.split_ascii_whitespace().map(GrantType::from_name).collect())?,
            authentication: row.read(|value| AuthenticationMethod::from_name(value.as_text()?))?,
            jwks: row.text_or_null()?,
            apis: row.read(|value| Some(value.as_text()?.split_ascii_whitespace().map(ApiId::from).collect()))?,
            scopes: row.read(|value| parse_scope_list(value.as_text()?).ok())?,
            may_introspect: row.int()? != 0,
            created_at: row.int()?,
            updated_at: row.int()?,
            contact: row.text_or_null()?,
        })
    }
}
