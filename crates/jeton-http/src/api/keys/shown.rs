use std::sync::Arc;

use jeton_core::api_key::metadata::Metadata;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::api_key::state::{Ended, State};
use jeton_core::api_key::{ApiKey, environment_name};
use jeton_core::id::{Actor, ApiKeyId, ClientId};
use jeton_core::moment::Moment;
use jeton_service::Service;
use jeton_service::keys::entry::KeyEntry;
use jeton_service::keys::filter::StandingKind;
use serde::Serialize;

use super::limits::Rate;
use crate::api::rfc3339;
use crate::api::used::Used;

/// A key, as it is answered: all but its text.
#[derive(Serialize)]
pub(crate) struct Shown {
    id: ApiKeyId,
    kind: &'static str,
    environment: &'static str,
    owner: String,
    /// The client that handed it out to somebody outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    /// What it is for; absent where that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<Arc<str>>,
    /// What it was given.
    scope: String,
    /// What of that its owner may have now.
    effective_scope: String,
    name: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<serde_json::Value>,
    allow_ip: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses: Option<i64>,
    /// How its current secret stands now.
    state: &'static str,
    /// Why it is not accepted; with when and by whom, where somebody ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<Actor>,
    created_at: String,
    created_by: Actor,
    updated_at: String,
    /// When its current secret ends, as things are.
    expires_at: String,
    /// When the secret before ends, during an overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
    /// How often it was rotated.
    generation: i64,
    /// Whether its text was made elsewhere.
    is_imported: bool,
    /// When it was presented.
    #[serde(flatten)]
    used: Used,
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
                Standing::Revoked(why) | Standing::Suspended(why) => Some(why.name()),
                Standing::Live | Standing::Expired => None,
            },
            ended_at: ended.map(|ended| rfc3339::format(ended.at)),
            ended_by: ended.map(|ended| ended.by.clone()),
            created_at: rfc3339::format(key.created_at),
            created_by: key.created_by.clone(),
            updated_at: rfc3339::format(key.updated_at),
            expires_at: rfc3339::format(key.ends_at(&key.current, &policies)),
            previous_expires_at: previous.filter(|ends_at| moment.now.seconds() < *ends_at).map(rfc3339::format),
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

/// As the JSON object that it is kept as; `None`: there is none.
pub(super) fn metadata(metadata: &Metadata) -> Option<serde_json::Value> {
    serde_json::from_str(&metadata.to_json()?).ok()
}
