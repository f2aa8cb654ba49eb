//! `GET` and `POST /oauth/userinfo` (OpenID Connect Core 1.0 section 5.3): who the person of a token is, for whoever holds the token.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::moment::Moment;
use jeton_oauth::bearer::{BearerError, NoBearerToken};
use jeton_oauth::{BearerChallenge, BearerToken, Description, Form, ScopeSet, UserinfoResponse};
use jeton_service::Service;
use jeton_service::userinfo::{NotTold, Userinfo};

use super::form_body;
use crate::reply::{OauthError, json, status};
use crate::seen;

/// Tells it.
pub async fn get(State(service): State<Arc<Service>>, request: Request) -> Response {
    let Ok(form) = Form::parse(b"") else { return status(StatusCode::INTERNAL_SERVER_ERROR) };
    answer(&service, request.headers(), &form, &service.moments().now()).await
}

/// The same, where the token may be in a form.
pub async fn post(State(service): State<Arc<Service>>, mut request: Request) -> Response {
    // A POST without a body has no type, and its token in the header.
    if !request.headers().contains_key(CONTENT_TYPE) {
        return get(State(service), request).await;
    }
    let body = match form_body(&mut request).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    match Form::parse(&body) {
        Ok(form) => answer(&service, request.headers(), &form, &service.moments().now()).await,
        Err(error) => OauthError::from(error).into_response(),
    }
}

async fn answer(service: &Service, headers: &HeaderMap, form: &Form<'_>, moment: &Moment) -> Response {
    let authorization = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    let token = match BearerToken::parse_either(authorization, form) {
        Ok(token) => token,
        Err(none) => return challenge(none.error(), Some(none.to_string()).filter(|_| none != NoBearerToken::Absent)),
    };
    match service.userinfo(token.expose(), moment).await {
        Ok(person) => seen::with_outcome(json(described(&person).to_json()), "told"),
        Err(NotTold::Invalid) => {
            challenge(Some(BearerError::InvalidToken), Some("the token is unknown, was ended, or has expired".to_owned()))
        }
        Err(NotTold::Insufficient) => {
            let detail = "the token must be one of a person, with the scope 'openid'";
            challenge(Some(BearerError::InsufficientScope), Some(detail.to_owned()))
        }
        Err(NotTold::Failed(failure)) => OauthError::from(failure).into_response(),
    }
}

fn described(person: &Userinfo) -> UserinfoResponse<'_> {
    let record = &person.person.record;
    let (profile, email) = (person.scopes.has(IdentityScope::Profile), person.scopes.has(IdentityScope::Email));
    UserinfoResponse {
        sub: Cow::Borrowed(record.id.as_str()),
        name: record.name.as_deref().filter(|_| profile).map(Cow::Borrowed),
        preferred_username: profile.then(|| Cow::Borrowed(&*record.username)),
        updated_at: profile.then_some(record.updated_at),
        email: record.email.as_deref().filter(|_| email).map(Cow::Borrowed),
        email_verified: record.email.as_ref().filter(|_| email).map(|_| record.email_verified_at.is_some()),
        additional: person.declared.clone(),
    }
}

/// What the answer asks for (RFC 6750 section 3).
fn challenge(error: Option<BearerError>, description: Option<String>) -> Response {
    let code = match error {
        None | Some(BearerError::InvalidToken | BearerError::InsufficientUserAuthentication) => StatusCode::UNAUTHORIZED,
        Some(BearerError::InvalidRequest) => StatusCode::BAD_REQUEST,
        Some(BearerError::InsufficientScope) => StatusCode::FORBIDDEN,
    };
    let openid = ScopeSet::parse("openid").ok().filter(|_| error == Some(BearerError::InsufficientScope));
    let challenge =
        BearerChallenge { error, description: description.map(Description::new), scope: openid.as_ref(), ..BearerChallenge::default() };
    let mut response = status(code);
    if let Ok(value) = HeaderValue::from_str(&challenge.to_string()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    seen::with_outcome(response, error.map_or("unauthenticated", BearerError::as_str))
}
