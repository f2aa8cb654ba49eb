//! `GET /.well-known/jwks.json` (RFC 7517 section 5).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use jeton_core::policy::KEY_SET_MAX_AGE_SECONDS;
use jeton_service::Service;

/// Publishes the keys that tokens are checked with, the next one included.
pub async fn get(State(service): State<Arc<Service>>, request: Request) -> Response {
    let keys = service.registry().keys();
    let known = request.headers().get_all(IF_NONE_MATCH).iter().any(|tags| {
        tags.as_bytes().split(|byte| *byte == b',').any(|tag| {
            let tag = tag.trim_ascii();
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == keys.entity_tag.as_bytes()
        })
    });
    let body = if known { Body::empty() } else { Body::from(keys.published.to_string()) };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [(CACHE_CONTROL, format!("public, max-age={KEY_SET_MAX_AGE_SECONDS}")), (ETAG, keys.entity_tag.to_string())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
