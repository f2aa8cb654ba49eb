//! Providers elsewhere by which people sign in here (OpenID Connect Core 1.0 section 3.1): what was agreed with each of them.

pub mod create;
pub mod delete;
pub mod id_token;
mod settings;
pub mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jeton_oauth::Issuer;
use jeton_token::Secret;

use crate::id::{ProviderId, RoleId};
use crate::moment::Moment;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};
use crate::refusal::Refusal;
use crate::root_key::{RootKeyError, RootKeys};

pub use settings::Settings;

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id: random, never reused, so that nobody is known by what another provider of the same name said.
    pub id: ProviderId,
    /// Its name in addresses, unique: it stays, since the provider knows the address that it sends people back to.
    pub name: Arc<str>,
    /// What people read where they choose it.
    pub title: Arc<str>,
    /// Who signs what it says: it stays, since a subject means somebody there alone.
    pub issuer: Issuer,
    /// What this server is called there.
    pub client_id: Arc<str>,
    /// The secret that this server has there, sealed for this provider: it must be sent as it is.
    pub sealed: Arc<[u8]>,
    /// The epoch of the root key that it is sealed under.
    pub epoch: u16,
    /// The domains of e-mail for which its word counts, in small letters; where there are some, nobody else comes in by it.
    pub domains: BTreeSet<String>,
    /// Whether somebody who is not known here is taken in when they come.
    pub creates_users: bool,
    /// The claim whose values give roles.
    pub role_claim: Option<Arc<str>>,
    /// The role that each value gives.
    pub roles: BTreeMap<String, RoleId>,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// When it last changed, in seconds.
    pub updated_at: i64,
}

/// Where providers are kept.
pub static TABLE: Table = Table {
    name: "provider",
    columns: &[
        Column::text("id"),
        Column::text("name"),
        Column::text("title"),
        Column::text("issuer"),
        Column::text("client_id"),
        Column::bytes("sealed"),
        Column::int("epoch"),
        Column::text("domains"),
        Column::int("creates_users"),
        Column::text("role_claim").or_null(),
        Column::text("roles"),
        Column::int("created_at"),
        Column::int("updated_at"),
    ],
    key: 1,
    indexes: &[Index { name: "provider_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Provider {
    /// The secret that this server has there.
    ///
    /// # Errors
    /// When the root key lacks the epoch, or it was sealed for another provider.
    pub fn secret(&self, root_keys: &RootKeys) -> Result<Secret, RootKeyError> {
        let keys = root_keys.epoch(self.epoch).ok_or(RootKeyError::Lacks(self.epoch))?;
        let opened = keys.open(&self.sealed, context(&self.id).as_bytes())?;
        std::str::from_utf8(&opened).map(Secret::from).map_err(|_| RootKeyError::Unsealable)
    }

    /// The same with another secret.
    ///
    /// # Errors
    /// When the root key cannot seal it.
    fn with_secret(self, secret: &Secret, root_keys: &RootKeys, moment: &mut Moment) -> Result<Provider, Refusal> {
        let refused = || Refusal::invalid("the root key cannot seal a secret");
        let (epoch, Some(keys)) = root_keys.current() else { return Err(refused()) };
        let sealed = keys.seal(secret.expose().as_bytes(), context(&self.id).as_bytes(), moment).map_err(|_| refused())?;
        Ok(Provider { sealed: Arc::from(sealed), epoch, ..self })
    }

    /// Whether its word counts for an address, by what stands behind the last `@`.
    #[must_use]
    pub fn speaks_for(&self, email: &str) -> bool {
        email.rsplit_once('@').is_some_and(|(_, domain)| self.domains.contains(&domain.to_ascii_lowercase()))
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let domains: Vec<&str> = self.domains.iter().map(String::as_str).collect();
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.name.clone()),
            Value::Text(self.title.clone()),
            Value::text(self.issuer.as_str()),
            Value::Text(self.client_id.clone()),
            Value::bytes(&self.sealed),
            Value::Int(i64::from(self.epoch)),
            Value::text(&domains.join(" ")),
            Value::Int(i64::from(self.creates_users)),
            self.role_claim.clone().map_or(Value::Null, Value::Text),
            Value::text(&serde_json::to_string(&self.roles).unwrap_or_default()),
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Provider, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Provider {
            id: ProviderId(row.text()?),
            name: row.text()?,
            title: row.text()?,
            issuer: row.read(|value| Issuer::parse(value.as_text()?).ok())?,
            client_id: row.text()?,
            sealed: Arc::from(row.bytes()?),
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
            domains: row.text()?.split_ascii_whitespace().map(str::to_owned).collect(),
            creates_users: row.int()? != 0,
            role_claim: row.text_or_null()?,
            roles: row.read(|value| serde_json::from_str(value.as_text()?).ok())?,
            created_at: row.int()?,
            updated_at: row.int()?,
        })
    }
}

fn context(id: &ProviderId) -> String {
    format!("provider {id}")
}
