//! `POST /credentials/revoke`: whoever finds a credential that leaked hands it in. Nobody is asked who they are, and nobody learns whether it
//! existed.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jeton_jose::json::{self, Limits};
use jeton_service::Service;
use jeton_service::reported::{REPORTED_MAX, Reported};
use jeton_token::Secret;
use serde::Deserialize;

use crate::edge::Peer;
use crate::extract::{BodyError, ClientAddress, ContentType, content_type, read_body};
use crate::observe::{Addresses, Observer};

/// The most bytes of a body.
const BODY_BYTES: u64 = 1024 * 1024;
const LIMITS: Limits = Limits { length_bytes: 1024 * 1024, depth: 4 };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    credentials: Vec<String>,
}

/// Takes what was handed in.
pub(crate) async fn revoke(
    State(service): State<Arc<Service>>,
    Extension(observer): Extension<Arc<Observer>>,
    request: Request,
) -> Response {
    // Before anything of the body: who comes too often costs nothing.
    if let Err(seconds) = service.admit_report(&network_of(&request, &observer), &service.moments().now()) {
        return later(seconds, "too many reports from this network: 60 an hour are taken");
    }
    let (parts, body) = request.into_parts();
    let bytes = match read_body(body, BODY_BYTES).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "send at most 1 MiB, and 1,000 texts"),
        Err(BodyError::TooSlow) => return refused(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Err(BodyError::Broken) => return refused(StatusCode::BAD_REQUEST, "the body was cut off"),
    };
    if content_type(&parts.headers) != ContentType::Json {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send `Content-Type: application/json`");
    }
    let Some(report) = parse(&bytes) else {
        return refused(StatusCode::BAD_REQUEST, "send one JSON object with the member `credentials`: a list of at most 1,000 texts");
    };
    match service.report(report) {
        Reported::Taken => StatusCode::ACCEPTED.into_response(),
        Reported::Later(seconds) => later(seconds, "there is no room for more just now: nothing of this report was taken"),
    }
}

fn parse(bytes: &[u8]) -> Option<Vec<Secret>> {
    json::check(bytes, LIMITS).ok()?;
    // For serde a list of one list is such an object, too.
    bytes.trim_ascii_start().starts_with(b"{").then_some(())?;
    let report: Report = serde_json::from_slice(bytes).ok()?;
    (report.credentials.len() <= REPORTED_MAX).then(|| report.credentials.into_iter().map(Secret::new).collect())
}

/// As much of an address as one household or company has.
fn network_of(request: &Request, observer: &Observer) -> String {
    match request.extensions().get::<Peer>().map(|peer| observer.proxies.client_address(peer, request.headers())) {
        Some(ClientAddress::Network(address)) => Addresses::Network.shown(address),
        Some(ClientAddress::Local) | None => "local".to_owned(),
    }
}

fn later(seconds: i64, detail: &'static str) -> Response {
    let mut response = refused(StatusCode::TOO_MANY_REQUESTS, detail);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn refused(status: StatusCode, detail: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("{detail}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
