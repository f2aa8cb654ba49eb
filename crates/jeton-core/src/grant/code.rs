//! Authorization codes (RFC 6749 section 4.1.2): what somebody allowed, for a minute, to whoever shows that it asked; and device codes once
//! somebody said yes or no (RFC 8628). Nothing about a code changes: that it was used is that there is a grant of its id.

use std::sync::Arc;

use jeton_oauth::RedirectUri;
use jeton_oauth::pkce::Challenge;
use jeton_token::SecretHash;

use super::scopes::{IdentityScopes, ScopesByApi};
use crate::authorize::way::Way;
use crate::client::GrantType;
use crate::id::{ApiId, ClientId, GrantId, PersonId, SessionId};
use crate::policy::CredentialKind;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::session::proof::Authenticated;

/// One code, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// The id of the grant that it gives.
    pub id: GrantId,
    /// The keyed hash of its text, and the epoch that it is under.
    pub proof: (SecretHash, u16),
    /// Who may use it.
    pub client: ClientId,
    /// Who allowed it.
    pub person: PersonId,
    /// In which session.
    pub session: SessionId,
    /// How it comes to who may use it.
    pub sent: Sent,
    /// What was allowed.
    pub scopes: ScopesByApi,
    /// What the client may know of the person.
    pub identity: IdentityScopes,
    /// What a token is for when nobody says.
    pub api: ApiId,
    /// What the ID token repeats (OpenID Connect Core section 3.1.2.1).
    pub nonce: Option<Arc<str>>,
    /// How the person proved who they are.
    pub authenticated: Authenticated,
    /// When what was consented to ends, in seconds.
    pub consent_ends_at: i64,
    /// When it was issued, in seconds.
    pub issued_at: i64,
    /// When it ends, in seconds.
    pub expires_at: i64,
}

/// How a code comes to who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// As it was asked for.
    By(Way),
    /// Not at all: the person said no to a device (RFC 8628 section 3.5, `access_denied`).
    Denied,
}

/// What stands in place of a challenge where somebody said no.
const DENIED: &str = "denied";

impl Sent {
    /// What a client must be registered with to use it.
    #[must_use]
    pub fn grant_type(&self) -> GrantType {
        match self {
            Sent::By(Way::Address { .. }) => GrantType::AuthorizationCode,
            Sent::By(Way::Device) | Sent::Denied => GrantType::DeviceCode,
        }
    }

    /// What ends it.
    #[must_use]
    pub fn kind(&self) -> CredentialKind {
        match self {
            Sent::By(Way::Address { .. }) => CredentialKind::AuthorizationCode,
            Sent::By(Way::Device) | Sent::Denied => CredentialKind::DeviceCode,
        }
    }

    fn values(&self) -> [Value; 2] {
        match self {
            Sent::By(Way::Address { redirect_uri, challenge }) => {
                [Value::text(redirect_uri.as_str()), Value::text(&challenge.map_or_else(String::new, |challenge| challenge.to_text()))]
            }
            Sent::By(Way::Device) => [Value::text(""), Value::text("")],
            Sent::Denied => [Value::text(""), Value::text(DENIED)],
        }
    }

    fn read(row: &mut Reader<'_>) -> Result<Sent, Malformed> {
        let (uri, challenge) = (row.text()?, row.text()?);
        let malformed = |column| Malformed { table: TABLE.name, column };
        match (&*uri, &*challenge) {
            ("", "") => Ok(Sent::By(Way::Device)),
            ("", DENIED) => Ok(Sent::Denied),
            (uri, challenge) => Ok(Sent::By(Way::Address {
                redirect_uri: RedirectUri::parse(uri).map_err(|_| malformed("redirect_uri"))?,
                challenge: match challenge {
                    "" => None,
                    text => Some(Challenge::parse(text).map_err(|_| malformed("challenge"))?),
                },
            })),
        }
    }
}

/// Where codes are kept, for a day: as long as what they gave may be asked for by a replay.
pub static TABLE: Table = Table {
    name: "authorization_code",
    columns: &[
        Column::bytes("id"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::text("client"),
        Column::text("person"),
        Column::bytes("session"),
        Column::text("redirect_uri"),
        Column::text("challenge"),
        Column::text("scopes"),
        Column::text("identity"),
        Column::text("api"),
        Column::text("nonce").or_null(),
        Column::int("authenticated_at"),
        Column::text("acr"),
        Column::text("amr"),
        Column::int("consent_ends_at"),
        Column::int("issued_at"),
        Column::int("expires_at"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Credential { slice_seconds: 3_600, kept_seconds: 86_400 },
};

impl AuthorizationCode {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (hash, epoch) = &self.proof;
        let [at, acr, amr] = self.authenticated.values();
        let [redirect_uri, challenge] = self.sent.values();
        vec![
            Value::Id(self.id.0),
            Value::Hash(*hash.as_bytes()),
            Value::Int(i64::from(*epoch)),
            Value::Text(self.client.0.clone()),
            Value::Text(self.person.0.clone()),
            Value::Id(self.session.0),
            redirect_uri,
            challenge,
            self.scopes.value(),
            Value::text(&self.identity.to_string()),
            Value::Text(self.api.0.clone()),
            self.nonce.clone().map_or(Value::Null, Value::Text),
            at,
            acr,
            amr,
            Value::Int(self.consent_ends_at),
            Value::Int(self.issued_at),
            Value::Int(self.expires_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<AuthorizationCode, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(AuthorizationCode {
            id: row.read(|value| Some(GrantId(value.as_bytes()?.try_into().ok()?)))?,
            proof: (
                row.read(|value| Some(SecretHash::from_bytes(value.as_bytes()?.try_into().ok()?)))?,
                row.read(|value| u16::try_from(value.int()?).ok())?,
            ),
            client: ClientId(row.text()?),
            person: PersonId(row.text()?),
            session: row.read(|value| Some(SessionId(value.as_bytes()?.try_into().ok()?)))?,
            sent: Sent::read(&mut row)?,
            scopes: row.read(|value| ScopesByApi::parse(value.as_text()?))?,
            identity: row.read(|value| IdentityScopes::parse(value.as_text()?))?,
            api: ApiId(row.text()?),
            nonce: row.text_or_null()?,
            authenticated: Authenticated::read(&mut row)?,
            consent_ends_at: row.int()?,
            issued_at: row.int()?,
            expires_at: row.int()?,
        })
    }
}
