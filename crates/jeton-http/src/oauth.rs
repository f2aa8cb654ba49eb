//! The OAuth endpoints: each reads a form, lets the service decide, and answers as its RFC says.

pub mod introspect;
pub mod key_set;
pub mod metadata;
pub mod revoke;
pub mod token;

use axum::extract::Request;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jeton_core::moment::Moment;
use jeton_oauth::error::ErrorResponse;
use jeton_oauth::{ClientAuthentication, Form};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;

use crate::extract::{ContentType, content_type, marks, read_body};
use crate::observe::Observer;
use crate::reply::OauthError;

/// The most bytes of a form.
const FORM_BYTES: u64 = 64 * 1024;

/// Reads the body of a request that must be a form.
pub(crate) async fn form_body(request: Request) -> Result<(Parts, Bytes), OauthError> {
    let (parts, body) = request.into_parts();
    if content_type(&parts.headers) != ContentType::Form {
        let detail = "the body must be a form: content type application/x-www-form-urlencoded";
        return Err(ErrorResponse::invalid_request(detail).into());
    }
    let body = read_body(body, FORM_BYTES).await?;
    Ok((parts, body))
}

/// Authenticates the client of a request by its header or its form.
pub(crate) fn authenticate(
    service: &Service,
    observer: &Observer,
    parts: &Parts,
    form: &Form<'_>,
    moment: &Moment,
) -> Result<Authenticated, OauthError> {
    let presented = ClientAuthentication::parse(parts.headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes), form)?;
    let used_header = matches!(presented, ClientAuthentication::Basic { .. });
    let marks = marks(parts.extensions.get(), &parts.headers, &observer.proxies);
    service.authenticate(&presented, &marks, moment).map_err(|refusal| OauthError::from(refusal).challenged_if(used_header))
}
