//! The OAuth endpoints: each reads a form, lets the service decide, and answers as its RFC says.

pub(crate) mod cors;
pub mod device;
pub mod introspect;
pub mod key_set;
pub mod metadata;
pub mod pushed;
pub mod revoke;
pub mod token;
pub mod userinfo;

use std::mem;

use axum::extract::Request;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use jeton_core::moment::Moment;
use jeton_oauth::error::ErrorResponse;
use jeton_oauth::{ClientAuthentication, Form};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_service::identify::Identified;

use crate::extract::{ContentType, content_type, marks, read_body};
use crate::observe::Observer;
use crate::reply::OauthError;

/// The most bytes of a form.
const FORM_BYTES: u64 = 64 * 1024;

/// Reads the body of a request that must be a form.
///
/// By reference: each future that held the request would be larger by it.
pub(crate) async fn form_body(request: &mut Request) -> Result<Bytes, OauthError> {
    if content_type(request.headers()) != ContentType::Form {
        let detail = "the body must be a form: content type application/x-www-form-urlencoded";
        return Err(ErrorResponse::invalid_request(detail).into());
    }
    Ok(read_body(mem::take(request.body_mut()), FORM_BYTES).await?)
}

/// Authenticates the client of a request by its header or its form.
pub(crate) fn authenticate(
    service: &Service,
    observer: &Observer,
    request: &Request,
    form: &Form<'_>,
    moment: &Moment,
) -> Result<Authenticated, OauthError> {
    let presented = ClientAuthentication::parse(request.headers().get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes), form)?;
    let used_header = matches!(presented, ClientAuthentication::Basic { .. });
    let marks = marks(request.extensions().get(), request.headers(), &observer.proxies);
    service.authenticate(&presented, &marks, moment).map_err(|refusal| OauthError::from(refusal).challenged_if(used_header))
}

/// Authenticates the client of a request, or takes one at its word that cannot prove who it is: where what it presents proves what it may.
pub(crate) fn identify(
    service: &Service,
    observer: &Observer,
    request: &Request,
    form: &Form<'_>,
    moment: &Moment,
) -> Result<Identified, OauthError> {
    let presented = ClientAuthentication::parse(request.headers().get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes), form)?;
    let used_header = matches!(presented, ClientAuthentication::Basic { .. });
    let marks = marks(request.extensions().get(), request.headers(), &observer.proxies);
    service.identify(&presented, &marks, moment).map_err(|refusal| OauthError::from(refusal).challenged_if(used_header))
}
