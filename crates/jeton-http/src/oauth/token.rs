//! `POST /oauth/token` (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::moment::Moment;
use jeton_oauth::token::{REPEATABLE, TokenResponse, TokenType};
use jeton_oauth::{Form, ScopeSet, TokenRequest};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;

use super::{authenticate, form_body};
use crate::observe::Observer;
use crate::reply::{Reply, json};
use crate::seen;

/// Issues a token.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse_allowing(&body, REPEATABLE)?;
    let client = authenticate(&service, &observer, &request, &form, &moment)?;
    let answer = issue(&service, &client, &form, &moment).await;
    Ok(seen::to_client(answer, &client.entry.client.record.id))
}

async fn issue(service: &Service, client: &Authenticated, form: &Form<'_>, moment: &Moment) -> Reply {
    let TokenRequest::ClientCredentials(request) = TokenRequest::parse(form)? else {
        return Err(jeton_oauth::ErrorResponse::new(jeton_oauth::ErrorCode::UnsupportedGrantType, "this grant is not offered").into());
    };
    let issued = service.issue(client, &request, moment).await?;
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
