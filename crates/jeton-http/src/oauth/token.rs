//! `POST /oauth/token` (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use jeton_core::moment::Moment;
use jeton_core::sender::Sender;
use jeton_oauth::token::{ClientCredentialsRequest, REPEATABLE, TokenResponse, TokenType};
use jeton_oauth::{ErrorCode, ErrorResponse, Form, ScopeSet, TokenRequest};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_service::grants::GrantedTokens;
use jeton_service::grants::device::Answered;
use jeton_service::identify::Identified;
use jeton_token::Secret;

use super::{form_body, identify};
use crate::extract::sender;
use crate::observe::Observer;
use crate::reply::{Reply, json};
use crate::seen;

/// Issues a token.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse_allowing(&body, REPEATABLE)?;
    let client = identify(&service, &observer, &request, &form, &moment)?;
    let sender = sender(request.extensions().get(), request.headers(), &observer.proxies);
    let answer = issue(&service, &client, &form, &sender, &moment).await;
    Ok(seen::to_client(answer, &client.record().id))
}

async fn issue(service: &Service, client: &Identified, form: &Form<'_>, sender: &Sender, moment: &Moment) -> Reply {
    match TokenRequest::parse(form)? {
        TokenRequest::ClientCredentials(request) => {
            let Identified::Proven(client) = client else {
                let detail = "who cannot prove who it is gets no token of its own";
                return Err(ErrorResponse::new(ErrorCode::UnauthorizedClient, detail).into());
            };
            for_itself(service, client, &request, moment).await
        }
        TokenRequest::AuthorizationCode(request) => {
            // On the heap: a client that acts for itself need not carry it.
            let granted = Box::pin(service.exchange(client, &request, sender, moment)).await?;
            let id_token = service.id_token(&granted)?;
            Ok(seen::with_outcome(for_a_person(&granted, id_token.as_ref().map(Secret::expose)), "exchanged"))
        }
        TokenRequest::RefreshToken(request) => {
            let granted = Box::pin(service.refresh(client, &request, sender, moment)).await?;
            Ok(seen::with_outcome(for_a_person(&granted, None), "refreshed"))
        }
        TokenRequest::DeviceCode(request) => {
            let answered = Box::pin(service.answer_device(client, &request, sender, moment)).await?;
            for_a_device(service, &answered)
        }
        _ => Err(ErrorResponse::new(ErrorCode::UnsupportedGrantType, "this grant is not offered").into()),
    }
}

/// What a device hears (RFC 8628 section 3.5).
fn for_a_device(service: &Service, answered: &Answered) -> Reply {
    let (code, detail) = match answered {
        Answered::Granted(granted) => {
            let id_token = service.id_token(granted)?;
            return Ok(seen::with_outcome(for_a_person(granted, id_token.as_ref().map(Secret::expose)), "exchanged"));
        }
        Answered::Pending => (ErrorCode::AuthorizationPending, "nobody said yes or no yet: ask again after the interval"),
        Answered::TooEarly => (ErrorCode::SlowDown, "that was too early: wait five seconds longer from now on"),
        Answered::Expired => (ErrorCode::ExpiredToken, "nobody said yes in time: begin again"),
        Answered::Denied => (ErrorCode::AccessDenied, "the person did not allow it"),
    };
    Err(ErrorResponse::new(code, detail).into())
}

/// What the client gets for itself (RFC 6749 section 4.4).
async fn for_itself(service: &Service, client: &Authenticated, request: &ClientCredentialsRequest, moment: &Moment) -> Reply {
    let issued = service.issue(client, request, moment).await?;
    let scope = ScopeSet::parse(&issued.scope).ok().filter(|scope| !scope.is_empty());
    let response = TokenResponse {
        access_token: issued.access_token.expose(),
        token_type: TokenType::Bearer,
        expires_in_seconds: u64::try_from(issued.expires_in_seconds).unwrap_or_default(),
        scope: scope.as_ref(),
        refresh_token: None,
        id_token: None,
    };
    Ok(seen::with_outcome(json(response.to_json()), "issued"))
}

/// What it gets for a person.
fn for_a_person(granted: &GrantedTokens, id_token: Option<&str>) -> Response {
    let scope = ScopeSet::parse(&granted.scope).ok().filter(|scope| !scope.is_empty());
    let response = TokenResponse {
        access_token: granted.access_token.expose(),
        token_type: TokenType::Bearer,
        expires_in_seconds: u64::try_from(granted.expires_in_seconds).unwrap_or_default(),
        scope: scope.as_ref(),
        refresh_token: granted.refresh_token.as_ref().map(Secret::expose),
        id_token,
    };
    json(response.to_json())
}
