//! The management API, `/api/v1`: JSON in and out, problems as RFC 9457 describes them. Served on the Unix socket; whoever connects is the
//! actor of what the ledger tells.

mod administrator;
mod answer;
mod apis;
mod audit;
mod before;
mod blocking;
mod body;
mod client_secrets;
mod clients;
mod counting;
mod doctor;
mod entry;
mod fresh_secret;
mod groups;
mod integrity;
mod keys;
mod management;
mod page;
mod policies;
mod policy_exceptions;
mod problem;
mod query;
mod reach;
mod response;
mod revocations;
pub mod rfc3339;
mod roles;
mod root_key;
mod secret_text;
mod signing_keys;
mod statistics;
mod target;
mod token_state;
mod tokens;
mod usage;
mod users;
mod watched;

pub use entry::Shown as ShownEntry;
pub use integrity::{CheckReport, Finding, Integrity, LedgerReport};
pub use management::{Management, RootFile};

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};
use jeton_service::Service;

use crate::metrics;
use crate::observe::{Endpoint, Observer, counted, observed};

/// Every route of the management API. A request from anybody but the owner of this process, or root, over the Unix socket is refused.
pub fn routes(management: Management) -> Router {
    let gate = from_fn_with_state(management.clone(), administrator::admit);
    let (service, observer) = (management.service.clone(), management.observer.clone());
    let routes = Router::new()
        .route("/apis", get(apis::list).post(apis::create))
        .route("/apis/{api}", get(apis::show).patch(apis::update).delete(apis::remove))
        .route("/clients", get(clients::list).post(clients::create))
        .route("/clients/{client}", get(clients::show).patch(clients::update).delete(clients::remove))
        .route("/clients/{client}/secrets", get(client_secrets::list).post(client_secrets::create))
        .route("/clients/{client}/secrets/{secret}", delete(client_secrets::revoke))
        .merge(who_may_do_what())
        .merge(api_keys())
        .route("/tokens", post(tokens::issue))
        .route("/tokens/introspect", post(tokens::introspect))
        .route("/tokens/{token}", get(tokens::show))
        .route("/tokens/{token}/suspend", post(tokens::suspend))
        .route("/tokens/{token}/resume", post(tokens::resume))
        .route("/revocations", post(revocations::revoke))
        .route("/policies", get(policies::list))
        .route("/policies/exceptions", get(policy_exceptions::list).post(policy_exceptions::create))
        .route("/policies/exceptions/{exception}", delete(policy_exceptions::end))
        .route("/policies/{kind}", put(policies::set))
        .route("/policies/{kind}/explanation", get(policies::explain))
        .route("/signing-keys", get(signing_keys::list))
        .route("/signing-keys/rotate", post(signing_keys::rotate))
        .route("/signing-keys/{key}", delete(signing_keys::revoke))
        .route("/root-key", get(root_key::show))
        .route("/root-key/rotate", post(root_key::rotate))
        .route("/audit/entries", get(audit::entries))
        .route("/audit/checkpoint", get(audit::checkpoint))
        .route("/audit/verify", post(audit::verify))
        .route("/check", post(audit::check))
        .route("/statistics", get(statistics::show))
        .route("/usage", get(usage::show))
        .route("/doctor", get(doctor::show))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(management);
    let metrics = {
        let (service, requests) = (service.clone(), observer.requests.clone());
        get(async move || metrics::answer(&service, &requests))
    };
    let router = Router::new().nest("/api/v1", routes).route(metrics::PATH, metrics).fallback(problem::no_such_path).layer(gate);
    observed(router, service, observer)
}

/// API keys and personal access tokens.
fn api_keys() -> Router<Management> {
    Router::new()
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/verify", post(keys::verify::for_administrators))
        .route("/keys/import", post(keys::import::import))
        .route("/keys/{key}", get(keys::show).patch(keys::change::update).delete(keys::revoke))
        .route("/keys/{key}/rotate", post(keys::change::rotate))
        .route("/keys/{key}/transfer", post(keys::change::transfer))
        .route("/keys/{key}/secrets/previous", delete(keys::change::end_previous))
        .route("/keys/{key}/suspend", post(keys::suspend))
        .route("/keys/{key}/resume", post(keys::resume))
}

/// People, their groups and their roles.
fn who_may_do_what() -> Router<Management> {
    Router::new()
        .route("/users", get(users::list).post(users::create))
        .route("/users/{user}", get(users::show).patch(users::update))
        .route("/users/{user}/disable", post(users::disable))
        .route("/users/{user}/enable", post(users::enable))
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{group}", get(groups::show).patch(groups::update).delete(groups::remove))
        .route("/groups/{group}/members", get(groups::members))
        .route("/groups/{group}/members/{user}", put(groups::add_member).delete(groups::remove_member))
        .route("/roles", get(roles::list).post(roles::create))
        .route("/roles/{role}", get(roles::show).patch(roles::update).delete(roles::remove))
        .route("/roles/{role}/assignments", get(roles::assignments))
        .route("/roles/{role}/assignments/{subject}", put(roles::assign).delete(roles::unassign))
}

/// The routes of the management API that clients and keys may use, on the public listener.
pub fn public_routes(observer: &Arc<Observer>) -> Router<Arc<Service>> {
    let requests = &observer.requests;
    Router::new()
        .route("/api/v1/keys/verify", post(counted(requests, Endpoint::KeyCheck, keys::verify::for_clients)))
        .route("/api/v1/keys/self", get(counted(requests, Endpoint::KeyItself, keys::itself::show)))
        .route("/api/v1/keys/self/rotate", post(counted(requests, Endpoint::KeyItself, keys::itself::rotate)))
        .layer(Extension(observer.clone()))
}
