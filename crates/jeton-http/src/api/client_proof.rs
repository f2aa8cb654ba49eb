//! Authenticating a client whose request is JSON: by its header, or by the members that a form would have.

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap};
use jeton_core::moment::Moment;
use jeton_core::refusal::{Reason, Refusal};
use jeton_oauth::usage_report::Proof;
use jeton_oauth::{ClientAuthentication, Form, form};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_token::Secret;

use super::problem::Problem;
use crate::extract::marks;
use crate::observe::Observer;

/// Authenticates the client of a request.
pub(super) fn authenticate(
    service: &Service,
    observer: &Observer,
    (headers, extensions): (&HeaderMap, &Extensions),
    proof: &Proof,
    moment: &Moment,
) -> Result<Authenticated, Problem> {
    let members = [
        ("client_id", proof.client_id.as_deref()),
        ("client_secret", proof.client_secret.as_ref().map(Secret::expose)),
        ("client_assertion_type", proof.client_assertion_type.as_deref()),
        ("client_assertion", proof.client_assertion.as_ref().map(Secret::expose)),
    ];
    let encoded = Secret::new(match members {
        // Most prove themselves in the header.
        [(_, None), (_, None), (_, None), (_, None)] => String::new(),
        members => form::encode(members.into_iter().filter_map(|(name, value)| Some((name, value?)))),
    });
    let unreadable = |detail: String| Problem::from(Refusal::new(Reason::InvalidClient, detail));
    let form = Form::parse(encoded.expose().as_bytes()).map_err(|error| unreadable(error.to_string()))?;
    let presented = ClientAuthentication::parse(headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes), &form)
        .map_err(|error| unreadable(error.response.description.map_or_else(String::new, |description| description.as_str().to_owned())))?;
    let marks = marks(extensions.get(), headers, &observer.proxies);
    Ok(service.authenticate(&presented, &marks, moment)?)
}
