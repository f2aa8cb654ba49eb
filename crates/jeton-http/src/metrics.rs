//! `/metrics`, in the text format of Prometheus. What it tells is of use to an attacker too, so it is on the management socket, and on a
//! listener of its own where the configuration names one; never on the public one.

mod around;
mod page;
mod text;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use jeton_service::Service;

use crate::observe::{Endpoint, Observer, ProcessFigures, counted, observed};
use crate::reply;

/// Where the metrics are.
pub(crate) const PATH: &str = "/metrics";

/// A router of `/metrics` and nothing else, for a listener that only a monitoring system reaches.
pub fn routes(service: Arc<Service>, observer: Arc<Observer>) -> Router {
    let requests = &observer.requests;
    let router = Router::new()
        .route(PATH, get(counted(requests, Endpoint::Metrics, show)))
        .fallback(counted(requests, Endpoint::Nowhere, async || reply::status(StatusCode::NOT_FOUND)))
        .with_state((service.clone(), observer.clone()));
    observed(router, service, observer)
}

async fn show(State((service, observer)): State<(Arc<Service>, Arc<Observer>)>) -> Response {
    answer(&service, &observer).await
}

/// The page, as things stand.
pub(crate) async fn answer(service: &Service, observer: &Observer) -> Response {
    let process = process(observer).await;
    let mut response = Response::new(Body::from(page::page(service, observer, process)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(text::CONTENT_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Of many connections the system takes its time to tell.
async fn process(observer: &Observer) -> ProcessFigures {
    let Some(look) = observer.process.clone() else { return ProcessFigures::default() };
    tokio::task::spawn_blocking(move || look()).await.unwrap_or_default()
}
