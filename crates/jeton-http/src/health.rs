//! `/livez` and `/readyz`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jeton_service::Service;

use crate::reply::status;

/// The process answers.
pub async fn live() -> Response {
    status(StatusCode::OK)
}

/// Requests are served: the store reads, and a key signs.
pub async fn ready(State(service): State<Arc<Service>>) -> Response {
    let is_ready = service.store().view().is_ok() && service.registry().keys().any_signing_key().is_some();
    status(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
}
