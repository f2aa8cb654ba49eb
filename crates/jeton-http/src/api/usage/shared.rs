//! `/usage/shared`: keys that two applications use.

use std::sync::Arc;

use axum::extract::State;
use jeton_core::usage::mixed::LOOKED_AT_SECONDS;
use jeton_service::usage::shared::SharedKey;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::answer::{Answer, ok};
use crate::api::blocking::blocking;
use crate::api::management::Management;
use crate::api::rfc3339;

/// The keys that two applications use.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SharedKeys")]
pub(super) struct Shown {
    /// Hours from then on were looked at.
    since: String,
    /// Since when uses are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_since: Option<String>,
    /// The keys.
    items: Vec<Item>,
    /// Whether there may be more.
    has_more: bool,
}

/// One such key.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SharedKey")]
struct Item {
    /// Its id.
    id: String,
    /// Its name.
    name: Arc<str>,
    /// Whose it is.
    owner: String,
    /// In how many hours it was used by several agents and from several networks.
    hours: usize,
    /// When the last of them began.
    last_hour: String,
    /// Some of the agents.
    agents: Vec<Arc<str>>,
    /// Some of the networks.
    networks: Vec<Arc<str>>,
}

pub(super) async fn list(State(Management { service, .. }): State<Management>) -> Answer {
    let moment = service.moments().now();
    let since = moment.now.seconds().saturating_sub(LOOKED_AT_SECONDS);
    let reading = service.clone();
    let told = blocking(move || reading.shared_keys(&moment)).await??;
    ok(&Shown {
        since: rfc3339::format(since),
        counted_since: service.usage_kept_since().map(rfc3339::format),
        items: told.keys.into_iter().map(Item::from).collect(),
        has_more: told.has_more,
    })
}

impl From<SharedKey> for Item {
    fn from(SharedKey { entry, shared }: SharedKey) -> Item {
        let key = &entry.key.record;
        Item {
            id: key.id.to_string(),
            name: key.name.clone(),
            owner: key.owner.to_string(),
            hours: shared.hours,
            last_hour: rfc3339::format(shared.last),
            agents: shared.agents,
            networks: shared.networks,
        }
    }
}
