//! The OAuth endpoints: each reads a form, lets the service decide, and answers as its RFC says.

pub mod introspect;
pub mod key_set;
pub mod metadata;
pub mod revoke;
pub mod token;

use axum::extract::Request;
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jeton_core::moment::Moment;
use jeton_oauth::error::ErrorResponse;
use jeton_oauth::{ClientAuthentication, Form};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;

use crate::extract::{ContentType, content_type, read_body};
use crate::reply::OauthError;

/// The most bytes of a form.
const FORM_BYTES: u64 = 64 * 1024;

/// Reads the body of a request that must be a form.
pub(crate) async fn form_body(request: Request) -> Result<(HeaderMap, Bytes), OauthError> {
    let (parts, body) = request.into_parts();
    if content_type(&parts.headers) != ContentType::Form {
        let detail = "the body must be a form: content type application/x-www-form-urlencoded";
        return Err(ErrorResponse::invalid_request(detail).into());
    }
    let body = read_body(body, FORM_BYTES).await?;
    Ok((parts.headers, body))
}

/// Authenticates the client of a request by its header or its form.
pub(crate) fn authenticate(service: &Service, headers: &HeaderMap, form: &Form<'_>, moment: &Moment) -> Result<Authenticated, OauthError> {
    let presented = ClientAuthentication::parse(headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes), form)?;
    let used_header = matches!(presented, ClientAuthentication::Basic { .. });
    service.authenticate(&presented, moment).map_err(|refusal| OauthError::from(refusal).challenged_if(used_header))
}
