//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{get, post};
use jeton_oauth::metadata::{AUTHORIZATION_SERVER, OPENID_CONFIGURATION};
use jeton_service::Service;

use crate::api::{Management, Place};
use crate::edge::Draining;
use crate::oauth::cors::{Asked, preflight};
use crate::observe::{Endpoint, counted, observed};
use crate::{api, feed, health, oauth, pages, reply};

/// Everything that is public, with as much of the management API as belongs to this place. An issuer with a path has its endpoints below it, and
/// its metadata under both forms of RFC 8414 section 3.1.
pub fn public(management: Management, place: Place, draining: Draining) -> Router {
    let (service, observer) = (management.service.clone(), management.observer.clone());
    let (seen, also) = (observer.clone(), (observer.clone(), draining.clone()));
    let follow = move |state: State<Arc<Service>>, request: Request| feed::get(state, seen.clone(), draining.clone(), request);
    let follow_by_form = move |state: State<Arc<Service>>, request: Request| feed::post(state, also.0.clone(), also.1.clone(), request);
    let seen = observer.clone();
    let issue = move |state: State<Arc<Service>>, request: Request| {
        let (asked, answer) = (Asked::of(&request), oauth::token::post(state, seen.clone(), request));
        async move { asked.share(answer.await) }
    };
    let seen = observer.clone();
    let introspect = move |state: State<Arc<Service>>, request: Request| oauth::introspect::post(state, seen.clone(), request);
    let seen = observer.clone();
    let revoke = move |state: State<Arc<Service>>, request: Request| {
        let (asked, answer) = (Asked::of(&request), oauth::revoke::post(state, seen.clone(), request));
        async move { asked.share(answer.await) }
    };
    let tell = async |state: State<Arc<Service>>, request: Request| Asked::of(&request).share(oauth::userinfo::get(state, request).await);
    let tell_by_form =
        async |state: State<Arc<Service>>, request: Request| Asked::of(&request).share(oauth::userinfo::post(state, request).await);
    let seen = observer.clone();
    let push = move |state: State<Arc<Service>>, request: Request| oauth::pushed::post(state, seen.clone(), request);
    let seen = observer.clone();
    let begin = move |state: State<Arc<Service>>, request: Request| oauth::device::post(state, seen.clone(), request);
    let path = service.issuer().path().trim_end_matches('/').to_owned();
    let requests = observer.requests.clone();
    let metadata = counted(&requests, Endpoint::Metadata, oauth::metadata::get);
    let endpoints = Router::new()
        .route("/oauth/token", post(counted(&requests, Endpoint::Token, issue)).options(counted(&requests, Endpoint::Token, preflight)))
        .route("/oauth/par", post(counted(&requests, Endpoint::PushedRequest, push)))
        .route("/oauth/device_authorization", post(counted(&requests, Endpoint::DeviceAuthorization, begin)))
        .route("/oauth/introspect", post(counted(&requests, Endpoint::Introspect, introspect)))
        .route("/oauth/revoke", post(counted(&requests, Endpoint::Revoke, revoke)).options(counted(&requests, Endpoint::Revoke, preflight)))
        .route(
            "/oauth/userinfo",
            get(counted(&requests, Endpoint::Userinfo, tell)).post(counted(&requests, Endpoint::Userinfo, tell_by_form)).options(counted(
                &requests,
                Endpoint::Userinfo,
                preflight,
            )),
        )
        .route("/.well-known/jwks.json", get(counted(&requests, Endpoint::KeySet, oauth::key_set::get)))
        .route(&format!("/.well-known/{AUTHORIZATION_SERVER}"), get(metadata.clone()))
        .route(&format!("/.well-known/{OPENID_CONFIGURATION}"), get(metadata.clone()))
        .route(
            "/api/v1/revocations/feed",
            get(counted(&requests, Endpoint::Feed, follow)).post(counted(&requests, Endpoint::Feed, follow_by_form)),
        )
        .method_not_allowed_fallback(counted(&requests, Endpoint::Nowhere, wrong_method))
        .merge(pages::routes::routes(&observer))
        .merge(api::beside(&observer))
        .merge(api::nested(management, place));
    let health = Router::new()
        .route("/livez", get(counted(&requests, Endpoint::Health, health::live)))
        .route("/readyz", get(counted(&requests, Endpoint::Health, health::ready)));
    let router = if path.is_empty() {
        endpoints
    } else {
        Router::new()
            .nest(&path, endpoints)
            .route(&format!("/.well-known/{AUTHORIZATION_SERVER}{path}"), get(metadata.clone()))
            .route(&format!("/.well-known/{OPENID_CONFIGURATION}{path}"), get(metadata))
    };
    let router = router.merge(health).fallback(counted(&requests, Endpoint::Nowhere, not_found));
    observed(router.with_state(service.clone()), service, observer)
}

async fn wrong_method() -> reply::OauthError {
    reply::OauthError::wrong_method()
}

async fn not_found() -> reply::OauthError {
    reply::OauthError::no_such_path()
}
