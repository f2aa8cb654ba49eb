//! Access tokens: issued once, never changed. What can change about one is a [`negative`].

pub mod cut_off;
pub mod dated_ahead;
pub mod held;
pub mod introspect;
pub mod issue;
pub mod mint;
pub mod negative;
pub mod revoke;
pub mod scope;
pub mod standing;
pub mod suspend;
pub mod suspend_subject;
pub mod text;

use std::sync::Arc;

use jeton_token::{SecretHash, TokenId};

use crate::event::CutOffSubject;
use crate::id::{ApiId, ClientId, CredentialId};
use crate::policy::{ACCESS_TOKEN, KEPT_AFTER_EXPIRY_SECONDS};
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use held::Held;

/// An issued access token, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its id; the `jti` of a JWT.
    pub id: CredentialId,
    /// Who holds it.
    pub client: ClientId,
    /// What it is for.
    pub api: ApiId,
    /// What it allows.
    pub scope: Arc<str>,
    /// From when it is, in seconds: its `iat`.
    pub issued_at: i64,
    /// When it ends, in seconds: its `exp`.
    pub expires_at: i64,
    /// The keyed hash of an opaque token and the epoch it is under; `None` of a JWT, whose signature is its proof.
    pub proof: Option<(SecretHash, u16)>,
    /// Whose authority it carries; `None`: its client's own.
    pub held: Option<Held>,
}

/// Where access tokens are kept: in slices of an hour, each dropped a day after its last token can have expired.
pub static TABLE: Table = Table {
    name: "access_token",
    columns: &[
        Column::bytes("id"),
        Column::text("client"),
        Column::text("api"),
        Column::text("scope"),
        Column::int("issued_at"),
        Column::int("expires_at"),
        Column::bytes("hash").or_null(),
        Column::int("epoch").or_null(),
        Column::bytes("grant").or_null(),
        Column::text("person").or_null(),
        Column::bytes("session").or_null(),
    ],
    key: 1,
    indexes: &[],
    class: Class::Credential { slice_seconds: 3_600, kept_seconds: ACCESS_TOKEN.max_seconds + KEPT_AFTER_EXPIRY_SECONDS },
};

impl AccessToken {
    /// Whose the token of a row is and what it is for; told without reading the row whole.
    #[must_use]
    pub fn named_in(row: &Row) -> Option<(&str, &str)> {
        let [_, client, api, ..] = row.as_slice() else { return None };
        Some((client.as_text()?, api.as_text()?))
    }

    /// Whether the token of a row carries the authority of this person, came of this grant or ends with this session, as a cut-off names it;
    /// told without reading the row whole.
    #[must_use]
    pub fn is_of_holder(row: &Row, subject: CutOffSubject, name: &str) -> bool {
        let [.., grant, person, session] = row.as_slice() else { return false };
        let is = |value: &Value| {
            value.as_bytes().and_then(|id| id.try_into().ok()).is_some_and(|id| TokenId::from_bytes(id).to_string() == name)
        };
        match subject {
            CutOffSubject::User => person.as_text().is_some_and(|person| **person == *name),
            CutOffSubject::Family => is(grant),
            CutOffSubject::Session => is(session),
            CutOffSubject::Client | CutOffSubject::Api | CutOffSubject::Group | CutOffSubject::Key | CutOffSubject::Everything => false,
        }
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (hash, epoch) = match &self.proof {
            Some((hash, epoch)) => (Value::Hash(*hash.as_bytes()), Value::Int(i64::from(*epoch))),
            None => (Value::Null, Value::Null),
        };
        let [grant, person, session] = Held::values(self.held.as_ref());
        vec![
            Value::Id(self.id.0),
            Value::Text(self.client.0.clone()),
            Value::Text(self.api.0.clone()),
            Value::Text(self.scope.clone()),
            Value::Int(self.issued_at),
            Value::Int(self.expires_at),
            hash,
            epoch,
            grant,
            person,
            session,
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<AccessToken, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let token = AccessToken {
            id: row.read(|value| Some(CredentialId(value.as_bytes()?.try_into().ok()?)))?,
            client: ClientId(row.text()?),
            api: ApiId(row.text()?),
            scope: row.text()?,
            issued_at: row.int()?,
            expires_at: row.int()?,
            proof: None,
            held: None,
        };
        let hash: Option<[u8; 32]> = row.read(|value| match value {
            Value::Null => Some(None),
            value => Some(Some(value.as_bytes()?.try_into().ok()?)),
        })?;
        let epoch = row.read(|value| match value {
            Value::Null => Some(None),
            value => Some(Some(u16::try_from(value.int()?).ok()?)),
        })?;
        let proof = hash.zip(epoch).map(|(hash, epoch)| (SecretHash::from_bytes(hash), epoch));
        Ok(AccessToken { proof, held: Held::read(&mut row)?, ..token })
    }

    /// Until when its revocation must be remembered, in seconds.
    #[must_use]
    pub fn remembered_until(&self) -> i64 {
        self.expires_at.saturating_add(KEPT_AFTER_EXPIRY_SECONDS)
    }
}
