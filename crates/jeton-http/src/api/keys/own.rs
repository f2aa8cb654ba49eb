//! What a key is told of itself: what whoever holds it needs, and nothing that those who administer say of it among themselves.

use std::sync::Arc;

use jeton_core::api_key::environment_name;
use jeton_core::api_key::secret::Slot;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_service::Service;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::filter::StandingKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::Rate;
use crate::api::names::{KeyKindName, ShownEnvironment, StandingName};
use crate::api::rfc3339;

/// A key, as it is told to itself.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "OwnKey")]
pub(super) struct Own {
    /// Its id.
    #[schemars(with = "String")]
    id: ApiKeyId,
    /// `key`, or `pat`: the personal access token of somebody.
    #[schemars(with = "KeyKindName")]
    kind: &'static str,
    /// Where it may be used: `live` or `test`.
    #[schemars(with = "ShownEnvironment")]
    environment: &'static str,
    /// Whose it is: `client:ID`, `group:ID`, `user:ID` or `external:TEXT`.
    owner: String,
    /// What it is for; absent where that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// What it was given.
    scope: String,
    /// What of that its owner may have now.
    effective_scope: String,
    /// Its name.
    name: Arc<str>,
    /// The networks that it may be used from, as `192.0.2.0/24`; any where there are none.
    allow_ip: Vec<String>,
    /// How often it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Rate>,
    /// How often it may be used in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses: Option<i64>,
    /// How its current secret stands now.
    #[schemars(with = "StandingName")]
    state: &'static str,
    /// When its current secret was made.
    secret_created_at: String,
    /// When its current secret ends, as things are.
    expires_at: String,
    /// When the secret before ends, during an overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
    /// How often it was rotated.
    generation: i64,
}

/// A key that rotated itself, with its text: told until it is used.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RotatedKey")]
pub(super) struct Rotated<'a> {
    /// The text of the key: told until it is used.
    pub(super) key: &'a str,
    #[serde(flatten)]
    pub(super) own: Own,
}

impl Own {
    /// A key as it stands at a moment.
    pub(super) fn of(entry: &KeyEntry, service: &Service, moment: &Moment) -> Own {
        let key = &entry.key.record;
        let (standing, judged) = service.key_standing(entry, Slot::Current, moment);
        let policies = service.registry().policies();
        let previous = key.previous.as_ref().map(|previous| key.ends_at(previous, &policies));
        Own {
            id: key.id,
            kind: key.kind.name(),
            environment: environment_name(key.environment),
            owner: key.owner.to_string(),
            audience: judged.api.as_ref().map(|api| api.record.audience.clone()),
            scope: key.scopes.to_string(),
            effective_scope: judged.scopes.to_string(),
            name: key.name.clone(),
            allow_ip: key.networks.iter().map(ToString::to_string).collect(),
            rate_limit: key.rate.map(Rate::from),
            max_uses: key.max_uses,
            state: StandingKind::from(standing).name(),
            secret_created_at: rfc3339::format(key.current.created_at),
            expires_at: rfc3339::format(key.ends_at(&key.current, &policies)),
            previous_expires_at: previous.filter(|ends_at| moment.now.seconds() < *ends_at).map(rfc3339::format),
            generation: key.generation,
        }
    }
}
