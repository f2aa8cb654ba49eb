use std::sync::Arc;

use jeton_core::api_key::metadata::Metadata;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::{ApiKey, environment_name};
use jeton_core::id::{Actor, ApiKeyId, ClientId, ExceptionId};
use jeton_core::moment::Moment;
use jeton_core::policy::exception::PolicyException;
use jeton_core::why::{Because, Why};
use jeton_service::Service;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::filter::StandingKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::Rate;
use crate::api::names::{KeyKindName, ShownEnvironment, StandingName};
use crate::api::rfc3339;
use crate::api::used::Used;

/// A key, as it is answered: all but its text.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Key")]
pub(crate) struct Shown {
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
    /// What people call the owner: the client's or the group's name, the username. Absent where only the users of the key know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_name: Option<Arc<str>>,
    /// The client that handed it out to somebody outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    client: Option<ClientId>,
    /// What it is for; absent where that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// What it was given.
    scope: String,
    /// What of that its owner may have now.
    effective_scope: String,
    /// Its name.
    name: Arc<str>,
    /// A note for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Arc<str>>,
    /// What its owner keeps beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<serde_json::Value>,
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
    /// Why it is not accepted; with when and by whom, where somebody ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// When somebody ended or suspended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// Who ended or suspended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    ended_by: Option<Actor>,
    /// When it was made.
    created_at: String,
    /// Who made it.
    #[schemars(with = "String")]
    created_by: Actor,
    /// When it was last changed.
    updated_at: String,
    /// When its current secret ends, as things are.
    expires_at: String,
    /// The exception from the maximum that it ends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Excepted>,
    /// When the secret before ends, during an overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
    /// After how long without a use it is suspended, and after as long again revoked; absent where nothing becomes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_seconds: Option<i64>,
    /// How often it was rotated.
    generation: i64,
    /// Whether its text was made elsewhere.
    is_imported: bool,
    /// When it was presented.
    #[serde(flatten)]
    used: Used,
}

/// What lets a key live beyond the maximum.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExceptionOfKey")]
struct Excepted {
    /// Its id.
    #[schemars(with = "String")]
    id: ExceptionId,
    /// Who answers for it.
    owner: Arc<str>,
    /// Why.
    reason: Arc<str>,
}

impl Excepted {
    fn of(exception: &PolicyException) -> Excepted {
        Excepted { id: exception.id.clone(), owner: exception.owner.clone(), reason: exception.reason.clone() }
    }
}

impl Shown {
    /// A key as it stands at a moment.
    pub(super) fn of(entry: &KeyEntry, used: Used, service: &Service, moment: &Moment) -> Shown {
        let key = &entry.key.record;
        let (standing, judged) = service.key_standing(entry, Slot::Current, moment);
        let policies = service.registry().policies();
        let previous = key.previous.as_ref().map(|previous| key.ends_at(previous, &policies));
        let ended = ended(key);
        Shown {
            id: key.id,
            kind: key.kind.name(),
            environment: environment_name(key.environment),
            owner: key.owner.to_string(),
            owner_name: service.called_owner(&key.owner),
            client: key.client.clone(),
            audience: judged.api.as_ref().map(|api| api.record.audience.clone()),
            scope: key.scopes.to_string(),
            effective_scope: judged.scopes.to_string(),
            name: key.name.clone(),
            note: key.note.clone(),
            metadata: metadata(&key.metadata),
            allow_ip: key.networks.iter().map(ToString::to_string).collect(),
            rate_limit: key.rate.map(Rate::from),
            max_uses: key.max_uses,
            state: StandingKind::from(standing).name(),
            why: match standing {
                Standing::Revoked(why) | Standing::Suspended(why) => Some(said(ended, why)),
                Standing::Live | Standing::Expired => None,
            },
            ended_at: ended.map(|ended| rfc3339::format(ended.at)),
            ended_by: ended.map(|ended| ended.by.clone()),
            created_at: rfc3339::format(key.created_at),
            created_by: key.created_by.clone(),
            updated_at: rfc3339::format(key.updated_at),
            expires_at: rfc3339::format(key.ends_at(&key.current, &policies)),
            exception: policies
                .exception_of(key.kind.credential_kind(), &key.id.to_string())
                .map(|exception| Excepted::of(&exception.record)),
            previous_expires_at: previous.filter(|ends_at| moment.now.seconds() < *ends_at).map(rfc3339::format),
            idle_seconds: key.rule(&policies).idle_seconds,
            generation: key.generation,
            is_imported: key.is_imported,
            used,
        }
    }
}

fn ended(key: &ApiKey) -> Option<&Ended> {
    match &key.state {
        State::Active => None,
        State::Suspended(ended) | State::Revoked(ended) => Some(ended),
    }
}

/// Why, in the words of whoever ended it where they had words of their own.
fn said(ended: Option<&Ended>, why: Why) -> String {
    let own = ended.map(|ended| &ended.why).filter(|said| said.reason() == why);
    own.map_or(why.name(), Because::as_str).to_owned()
}

/// As the JSON object that it is kept as; `None`: there is none.
pub(super) fn metadata(metadata: &Metadata) -> Option<serde_json::Value> {
    serde_json::from_str(&metadata.to_json()?).ok()
}
