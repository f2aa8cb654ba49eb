//! `/usage/shared`: keys that two applications use.

use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use jeton_core::usage::mixed::LOOKED_AT_SECONDS;
use jeton_service::usage::shared::SharedKey;
use serde::Serialize;

use crate::api::answer::{Answer, ok};
use crate::api::blocking::blocking;
use crate::api::management::Management;
use crate::api::query::Query;
use crate::api::rfc3339;

#[derive(Serialize)]
struct Shown {
    /// Hours from then on were looked at.
    since: String,
    /// Since when uses are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_since: Option<String>,
    items: Vec<Item>,
    /// Whether there may be more.
    has_more: bool,
}

#[derive(Serialize)]
struct Item {
    id: String,
    name: Arc<str>,
    owner: String,
    /// In how many hours it was used by several agents and from several networks.
    hours: usize,
    /// When the last of them began.
    last_hour: String,
    /// Some of the agents, and of the networks.
    agents: Vec<Arc<str>>,
    networks: Vec<Arc<str>>,
}

pub(super) async fn list(State(Management { service, .. }): State<Management>, uri: Uri) -> Answer {
    Query::parse(&uri, &[])?;
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
