//! The table of the management API: the rows of all nouns, and the router that is built from them.

use std::sync::{Arc, LazyLock};

use axum::middleware::from_fn_with_state;
use axum::routing::{any, post};
use axum::{Extension, Router};
use jeton_service::Service;
use serde_json::Value;

use super::administrator::{Gate, admit};
use super::management::Management;
use super::place::Place;
use super::route::{Access, Route};
use super::{
    administrators, apis, audit, backups, client_secrets, clients, consents, credentials, doctor, grants, groups, keys, metrics, openapi,
    policies, policy_exceptions, problem, providers, revocations, roles, root_key, sessions, signing_keys, standing_suspensions,
    statistics, suspensions, token_explanation, tokens, usage, usage_reports, user_exports, user_imports, user_passkeys, users,
};
use crate::observe::{Endpoint, Observer, counted, observed};

/// Every request below `/api/v1`, by noun.
pub static ROUTES: &[&[Route]] = &[
    apis::ROUTES,
    administrators::ROUTES,
    clients::ROUTES,
    client_secrets::ROUTES,
    keys::ROUTES,
    keys::create::ROUTES,
    keys::list::ROUTES,
    keys::lookup::ROUTES,
    keys::change::ROUTES,
    keys::import::ROUTES,
    keys::verify::ROUTES,
    keys::itself::ROUTES,
    keys::explain::ROUTES,
    tokens::ROUTES,
    token_explanation::ROUTES,
    revocations::ROUTES,
    suspensions::ROUTES,
    standing_suspensions::ROUTES,
    users::ROUTES,
    user_imports::ROUTES,
    user_exports::ROUTES,
    user_passkeys::ROUTES,
    sessions::ROUTES,
    grants::ROUTES,
    consents::ROUTES,
    groups::ROUTES,
    roles::ROUTES,
    providers::ROUTES,
    policy_exceptions::ROUTES,
    policies::ROUTES,
    signing_keys::ROUTES,
    root_key::ROUTES,
    audit::ROUTES,
    usage::ROUTES,
    usage_reports::ROUTES,
    openapi::OF_ITSELF,
    statistics::ROUTES,
    doctor::ROUTES,
    backups::ROUTES,
];

/// What stands beside `/api/v1` where administrators are served alone.
pub static BESIDE: &[&[Route]] = &[metrics::ROUTES];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::describe(ROUTES));

/// The OpenAPI document of every request below `/api/v1`.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The management API at a place, as a router of its own.
pub fn routes(management: Management, place: Place) -> Router {
    let (service, observer) = (management.service.clone(), management.observer.clone());
    let nowhere = counted(&observer.requests, Endpoint::Management, problem::no_such_path);
    let managed = Arc::new(management.clone());
    let beside = mounted("", BESIDE, &managed, place).with_state(managed);
    let router = nested(management, place).merge(beside).fallback(nowhere);
    observed(router, service, observer)
}

/// What is below `/api/v1` at a place, to be merged into a router that is observed as a whole. Each row has its whole path: a router that is
/// nested into another takes every request apart and boxes it once more.
pub(crate) fn nested<S: Clone + Send + Sync + 'static>(management: Management, place: Place) -> Router<S> {
    let requests = management.observer.requests.clone();
    let management = Arc::new(management);
    let rows = mounted("/api/v1", ROUTES, &management, place)
        .method_not_allowed_fallback(counted(&requests, Endpoint::Management, problem::no_such_method))
        .with_state(management);
    let elsewhere = Router::new().fallback(counted(&requests, Endpoint::Management, problem::no_such_path_below));
    let nowhere = counted(&requests, Endpoint::Management, problem::no_such_path);
    Router::new().merge(rows).nest("/api/v1", elsewhere).route("/api/v1/", any(nowhere))
}

/// What is served beside `/api/v1` to everybody, and answers as that does.
pub(crate) fn beside(observer: &Arc<Observer>) -> Router<Arc<Service>> {
    let revoke = post(counted(&observer.requests, Endpoint::LeakReport, credentials::revoke)).fallback(counted(
        &observer.requests,
        Endpoint::LeakReport,
        problem::no_such_method,
    ));
    Router::new().route("/credentials/revoke", revoke).layer(Extension(observer.clone()))
}

fn mounted(below: &str, table: &[&[Route]], management: &Arc<Management>, place: Place) -> Router<Arc<Management>> {
    let rows = table.iter().copied().flatten().filter(|row| is_served(row.access, place));
    rows.fold(Router::new(), |router, row| {
        let requests = &management.observer.requests;
        let handler = row.mounted(place, document, requests);
        let guarded = match row.access.needed() {
            Some(needed) => {
                let known = row.about.in_query().map(|parameter| parameter.name).collect();
                let gate = Gate { management: management.clone(), needed, known, takes_body: row.about.takes.is_some() };
                handler.route_layer(from_fn_with_state(gate, admit))
            }
            None => handler,
        };
        router.route(&format!("{below}{}", row.path), guarded)
    })
}

/// Who administers is served where administrators are; the others everywhere.
fn is_served(access: Access, place: Place) -> bool {
    access.needed().is_none() || place.is_for_administrators()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::route::{Repeats, Verb};

    #[test]
    fn each_request_has_one_row_that_says_what_it_does() {
        let mut seen = BTreeSet::new();
        for row in ROUTES.iter().chain(BESIDE).copied().flatten() {
            let name = format!("{} {}", row.method.name(), row.path);
            assert!(row.path.starts_with('/') && !row.about.tag.is_empty() && row.about.summary.ends_with('.'), "{name}");
            // GET is safe, PUT and DELETE repeat by nature (RFC 9110 section 9.2).
            match row.method {
                Verb::Get => assert_eq!(row.repeats, Repeats::Reads, "{name}"),
                Verb::Put | Verb::Delete => assert_eq!(row.repeats, Repeats::ByNature, "{name}"),
                Verb::Post | Verb::Patch => {}
            }
            assert!(seen.insert(name.clone()), "{name} has two rows");
        }
    }
}
