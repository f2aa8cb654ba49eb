//! Which page lies where, and which of them take a form: a test walks over these.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use jeton_service::Service;

use super::problem::Problem;
use super::{
    account, assets, authorize, device, forgot, link, logout, passkey_shown, second_factor, second_step, sign_in, sign_out, upstream,
};
use crate::observe::{Endpoint, Observer, counted};
use crate::upstream::Upstream;

/// The pages that take a form, each by the door of [`guard`](super::guard).
pub const WITH_FORMS: [&str; 18] = [
    "/oauth/authorize",
    "/oauth/logout",
    "/device",
    "/signin",
    "/signout",
    "/signin/second-factor",
    "/account/second-factor",
    "/account/sessions",
    "/account/applications",
    "/account/tokens",
    "/account/tokens/new",
    "/link",
    "/forgot",
    "/account/address",
    "/account/providers",
    "/account/password",
    "/signin/passkey",
    "/account/passkeys",
];
/// The pages that only show.
pub const WITHOUT_FORMS: [&str; 2] = ["/account", "/account/activity"];

/// The pages, and what they need.
pub(crate) fn routes(observer: &Arc<Observer>) -> Router<Arc<Service>> {
    let (requests, authorize, page) = (&observer.requests, Endpoint::Authorize, Endpoint::Page);
    Router::new()
        .route(
            "/oauth/authorize",
            get(counted(requests, authorize, with(observer, authorize::get))).post(counted(
                requests,
                authorize,
                with(observer, authorize::post),
            )),
        )
        .route(
            "/oauth/logout",
            get(counted(requests, page, with(observer, logout::get))).post(counted(requests, page, with(observer, logout::post))),
        )
        .route(
            "/device",
            get(counted(requests, page, with(observer, device::get))).post(counted(requests, page, with(observer, device::post))),
        )
        .route(
            "/signin",
            get(counted(requests, page, with(observer, sign_in::get))).post(counted(requests, page, with(observer, sign_in::post))),
        )
        .route(
            "/signout",
            get(counted(requests, page, with(observer, sign_out::get))).post(counted(requests, page, with(observer, sign_out::post))),
        )
        .route(
            "/signin/second-factor",
            get(counted(requests, page, with(observer, second_step::get))).post(counted(requests, page, with(observer, second_step::post))),
        )
        .route(
            "/signin/passkey",
            get(counted(requests, page, with(observer, passkey_shown::get))).post(counted(
                requests,
                page,
                with(observer, passkey_shown::post),
            )),
        )
        .route(
            "/account/second-factor",
            get(counted(requests, page, with(observer, second_factor::get))).post(counted(
                requests,
                page,
                with(observer, second_factor::post),
            )),
        )
        .route(
            "/forgot",
            get(counted(requests, page, with(observer, forgot::get))).post(counted(requests, page, with(observer, forgot::post))),
        )
        .route("/link", get(counted(requests, page, with(observer, link::get))).post(counted(requests, page, with(observer, link::post))))
        .route("/link/{text}", get(counted(requests, page, with(observer, link::take))))
        .merge(account_routes(observer))
        .merge(provider_routes(observer))
        .route("/assets/{name}", get(counted(requests, page, asset)))
        .method_not_allowed_fallback(counted(requests, Endpoint::Nowhere, wrong_method))
}

/// The pages of whoever is signed in.
fn account_routes(observer: &Arc<Observer>) -> Router<Arc<Service>> {
    let (requests, page) = (&observer.requests, Endpoint::Page);
    Router::new()
        .route("/account", get(counted(requests, page, with(observer, account::get))))
        .route(
            "/account/sessions",
            get(counted(requests, page, with(observer, account::sessions::get))).post(counted(
                requests,
                page,
                with(observer, account::sessions::post),
            )),
        )
        .route(
            "/account/applications",
            get(counted(requests, page, with(observer, account::applications::get))).post(counted(
                requests,
                page,
                with(observer, account::applications::post),
            )),
        )
        .route(
            "/account/tokens",
            get(counted(requests, page, with(observer, account::tokens::get))).post(counted(
                requests,
                page,
                with(observer, account::tokens::post),
            )),
        )
        .route(
            "/account/tokens/new",
            get(counted(requests, page, with(observer, account::new_token::get))).post(counted(
                requests,
                page,
                with(observer, account::new_token::post),
            )),
        )
        .route(
            "/account/address",
            get(counted(requests, page, with(observer, account::address::get))).post(counted(
                requests,
                page,
                with(observer, account::address::post),
            )),
        )
        .route(
            "/account/providers",
            get(counted(requests, page, with(observer, account::providers::get))).post(counted(
                requests,
                page,
                with(observer, account::providers::post),
            )),
        )
        .route(
            "/account/password",
            get(counted(requests, page, with(observer, account::password::get))).post(counted(
                requests,
                page,
                with(observer, account::password::post),
            )),
        )
        .route(
            "/account/passkeys",
            get(counted(requests, page, with(observer, account::passkeys::get))).post(counted(
                requests,
                page,
                with(observer, account::passkeys::post),
            )),
        )
        .route("/account/activity", get(counted(requests, page, with(observer, account::activity::get))))
}

/// Where people go to a provider elsewhere, and come back from it.
fn provider_routes(observer: &Arc<Observer>) -> Router<Arc<Service>> {
    let asking = (observer.clone(), Arc::new(Upstream::default()));
    let again = asking.clone();
    let start = move |state: State<Arc<Service>>, request: Request| upstream::start(state, asking.clone(), request);
    let back = move |state: State<Arc<Service>>, request: Request| upstream::back(state, again.clone(), request);
    Router::new()
        .route("/signin/with/{provider}", get(counted(&observer.requests, Endpoint::Page, start)))
        .route("/signin/with/{provider}/callback", get(counted(&observer.requests, Endpoint::Page, back)))
}

/// A handler with what it notes requests with.
fn with<F, Answering>(
    observer: &Arc<Observer>,
    handler: F,
) -> impl Fn(State<Arc<Service>>, Request) -> Answering + Clone + Send + Sync + 'static
where
    F: Fn(State<Arc<Service>>, Arc<Observer>, Request) -> Answering + Clone + Send + Sync + 'static,
{
    let observer = observer.clone();
    move |state, request| handler(state, observer.clone(), request)
}

async fn asset(State(service): State<Arc<Service>>, request: Request) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let nowhere = || Problem::Nowhere.reply(service.issuer(), service.moments().time().seconds());
    assets::serve(name).unwrap_or_else(nowhere)
}

async fn wrong_method(State(service): State<Arc<Service>>) -> Response {
    Problem::WrongMethod.reply(service.issuer(), service.moments().time().seconds())
}
