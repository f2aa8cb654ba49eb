//! Clients: the applications that ask for tokens (RFC 6749 section 1.1).

pub mod asking;
pub mod assertion;
pub mod create;
pub mod delete;
pub mod owner;
pub mod secret;
pub mod signing_in;
pub mod update;

use std::sync::Arc;

use jeton_jose::Algorithm;
use jeton_oauth::RedirectUri;
use jeton_oauth::scope::ScopeSet;

use crate::api::parse_scope_list;
use crate::claim_rules::ClaimRules;
use crate::id::{ApiId, ClientId};
use crate::owner::Owner;
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
    /// Where people who signed in may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// What kind of application it is.
    pub application: Application,
    /// Whether its refresh tokens rotate; those of one that cannot prove itself do in any case.
    pub rotates: bool,
    /// How long a spent refresh token of its is answered as before, in seconds; `None`: as everybody's.
    pub refresh_window_seconds: Option<i64>,
    /// Where people who signed out may be sent back to (OpenID Connect RP-Initiated Logout).
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that somebody signed out (OpenID Connect Back-Channel Logout).
    pub backchannel_logout_uri: Option<Arc<str>>,
    /// Whether each of its authorization requests has a challenge (RFC 7636).
    pub needs_pkce: bool,
    /// Whether people are asked before it gets anything.
    pub asks_consent: bool,
    /// What signs its ID tokens; `None`: what signs everybody's.
    pub id_token_algorithm: Option<Algorithm>,
    /// Whether it has to hand its authorization requests in first (RFC 9126).
    pub needs_pushed_requests: bool,
    /// What its ID tokens, and userinfo, tell beside what is standard.
    pub claims: ClaimRules,
    /// Who answers for it: a person or a group.
    pub owner: Option<Owner>,
}

/// What kind of application a client is (RFC 7591 section 2, OpenID Connect Registration section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Application {
    /// One at an address of the web.
    #[default]
    Web,
    /// One on somebody's machine: it may listen there at any port (RFC 8252 section 7.3).
    Native,
}

impl Application {
    /// Its name in requests and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Application::Web => "web",
            Application::Native => "native",
        }
    }

    /// That of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Application> {
        [Application::Web, Application::Native].into_iter().find(|application| application.name() == name)
    }
}

/// How long a spent refresh token is answered as before where its client says nothing, in seconds.
pub const REFRESH_WINDOW_SECONDS: i64 = 30;

/// The grants there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 6.
    RefreshToken,
    /// RFC 8628.
    DeviceCode,
}

impl GrantType {
    /// All of them.
    pub const ALL: [GrantType; 4] =
        [GrantType::ClientCredentials, GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];

    /// Its name (RFC 7591 section 2).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GrantType::ClientCredentials => "client_credentials",
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::RefreshToken => "refresh_token",
            GrantType::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// Whether it is for what somebody allows: a person signs in for it.
    #[must_use]
    pub fn is_of_person(self) -> bool {
        matches!(self, GrantType::AuthorizationCode | GrantType::DeviceCode)
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
    /// Not at all: it runs where nothing can be kept from others (RFC 6749 section 2.1, a public client).
    None,
}

impl AuthenticationMethod {
    /// All of them.
    pub const ALL: [AuthenticationMethod; 4] = [
        AuthenticationMethod::SecretBasic,
        AuthenticationMethod::SecretPost,
        AuthenticationMethod::PrivateKeyJwt,
        AuthenticationMethod::None,
    ];

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AuthenticationMethod::SecretBasic => "client_secret_basic",
            AuthenticationMethod::SecretPost => "client_secret_post",
            AuthenticationMethod::PrivateKeyJwt => "private_key_jwt",
            AuthenticationMethod::None => "none",
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
        Column::text("redirect_uris").or_null(),
        Column::text("application_type").or_null(),
        Column::int("rotates").or_null(),
        Column::int("refresh_window_seconds").or_null(),
        Column::text("post_logout_redirect_uris").or_null(),
        Column::text("backchannel_logout_uri").or_null(),
        Column::text("pkce").or_null(),
        Column::text("consent").or_null(),
        Column::text("id_token_alg").or_null(),
        Column::text("par").or_null(),
        Column::text("claims").or_null(),
        Column::text("owner").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "client_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Client {
    /// Whether it cannot prove who it is.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.authentication == AuthenticationMethod::None
    }

    /// How long a spent refresh token of its is answered as before, in seconds.
    #[must_use]
    pub fn refresh_window(&self) -> i64 {
        self.refresh_window_seconds.unwrap_or(REFRESH_WINDOW_SECONDS)
    }

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
            // What is as it was before there was a choice is null, as it was.
            addresses(&self.redirect_uris),
            said(self.application != Application::Web, || Value::text(self.application.name())),
            said(!self.rotates, || Value::Int(0)),
            self.refresh_window_seconds.map_or(Value::Null, Value::Int),
            addresses(&self.post_logout_redirect_uris),
            self.backchannel_logout_uri.clone().map_or(Value::Null, Value::Text),
            said(!self.needs_pkce, || Value::text("optional")),
            said(!self.asks_consent, || Value::text("waived")),
            self.id_token_algorithm.map_or(Value::Null, |algorithm| Value::text(algorithm.name())),
            said(self.needs_pushed_requests, || Value::text("required")),
            self.claims.value(),
            self.owner.as_ref().map_or(Value::Null, |owner| Value::text(&owner.to_string())),
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
            redirect_uris: row.read(read_addresses)?,
            application: row.read(|value| match value {
                Value::Null => Some(Application::Web),
                value => Application::from_name(value.as_text()?),
            })?,
            rotates: row.int_or_null()?.is_none_or(|rotates| rotates != 0),
            refresh_window_seconds: row.int_or_null()?,
            post_logout_redirect_uris: row.read(read_addresses)?,
            backchannel_logout_uri: row.text_or_null()?,
            needs_pkce: !row.read(|value| is_said(value, "optional"))?,
            asks_consent: !row.read(|value| is_said(value, "waived"))?,
            id_token_algorithm: row.read(|value| match value {
                Value::Null => Some(None),
                value => Algorithm::from_name(value.as_text()?).map(Some),
            })?,
            needs_pushed_requests: row.read(|value| is_said(value, "required"))?,
            claims: row.read(ClaimRules::from_value)?,
            owner: row.read(|value| match value {
                Value::Null => Some(None),
                value => Owner::parse(value.as_text()?).ok().map(Some),
            })?,
        })
    }
}

/// Addresses, none of which has a space in it.
fn addresses(uris: &[RedirectUri]) -> Value {
    let texts: Vec<_> = uris.iter().map(RedirectUri::as_str).collect();
    said(!texts.is_empty(), || Value::text(&texts.join(" ")))
}

fn read_addresses(value: &Value) -> Option<Vec<RedirectUri>> {
    match value {
        Value::Null => Some(Vec::new()),
        value => value.as_text()?.split_ascii_whitespace().map(|uri| RedirectUri::parse(uri).ok()).collect(),
    }
}

/// Whether a row says the one word that it can say.
fn is_said(value: &Value, word: &str) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        value => (**value.as_text()? == *word).then_some(true),
    }
}

fn said(is_said: bool, value: impl FnOnce() -> Value) -> Value {
    if is_said { value() } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client of which everything is said.
    fn client() -> Client {
        let addresses = |texts: &[&str]| texts.iter().map(|text| RedirectUri::parse(text).unwrap()).collect();
        Client {
            id: ClientId::from("client_1"),
            name: "shop".into(),
            grant_types: vec![GrantType::AuthorizationCode],
            authentication: AuthenticationMethod::SecretBasic,
            jwks: None,
            apis: vec![],
            scopes: ScopeSet::empty(),
            may_introspect: false,
            created_at: 1,
            updated_at: 2,
            contact: Some("ops".into()),
            redirect_uris: addresses(&["https://shop.example/cb"]),
            application: Application::Native,
            rotates: false,
            refresh_window_seconds: Some(60),
            post_logout_redirect_uris: addresses(&["https://shop.example/out", "https://shop.example/bye"]),
            backchannel_logout_uri: Some("https://shop.example/logout".into()),
            needs_pkce: false,
            asks_consent: false,
            id_token_algorithm: Some(Algorithm::Es256),
            needs_pushed_requests: true,
            claims: ClaimRules::parse(&[("room".to_owned(), "attribute:room".to_owned())].into(), crate::claim_rules::Place::Identity)
                .unwrap(),
            owner: Some(Owner::Person(crate::id::PersonId::from("user_1"))),
        }
    }

    #[test]
    fn what_is_said_survives_its_row_and_what_is_not_is_null() {
        let said = client();
        assert_eq!(Client::from_row(&said.row()), Ok(said));
        let plain = Client {
            post_logout_redirect_uris: vec![],
            backchannel_logout_uri: None,
            needs_pkce: true,
            asks_consent: true,
            id_token_algorithm: None,
            needs_pushed_requests: false,
            claims: ClaimRules::default(),
            owner: None,
            ..client()
        };
        assert_eq!(plain.row()[15..], vec![Value::Null; 8]);
        assert_eq!(Client::from_row(&plain.row()), Ok(plain));
    }

    #[test]
    fn a_row_that_says_another_word_is_damaged() {
        for (place, column) in [(17, "pkce"), (18, "consent"), (20, "par")] {
            let mut row = client().row();
            row[place] = Value::text("perhaps");
            assert_eq!(Client::from_row(&row).unwrap_err().column, column);
        }
    }
}
