//! `POST /oauth/introspect` (RFC 7662).

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::moment::Moment;
use jeton_oauth::{ActiveToken, Form, IntrospectionRequest, IntrospectionResponse, ScopeSet};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_service::introspect::Active;
use jeton_service::issue::CLAIMS_VERSION;

use super::{authenticate, form_body};
use crate::reply::{Reply, json};
use crate::seen;

/// Says whether a token is active, and what it is.
pub async fn post(State(service): State<Arc<Service>>, request: Request) -> Reply {
    let (headers, body) = form_body(request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse(&body)?;
    let client = authenticate(&service, &headers, &form, &moment)?;
    let answer = introspect(&service, &client, &form, &moment).await;
    Ok(seen::to_client(answer, &client.entry.client.record.id))
}

async fn introspect(service: &Service, client: &Authenticated, form: &Form<'_>, moment: &Moment) -> Reply {
    let request = IntrospectionRequest::parse(form)?;
    service.spend(client, moment).await?;
    let active = service.introspect(&client.entry.client.record, request.token, moment).await?;
    let response = active.as_ref().map_or(IntrospectionResponse::Inactive, |active| describe(service, active));
    Ok(seen::with_outcome(json(response.to_json()), if active.is_some() { "active" } else { "inactive" }))
}

fn describe<'a>(service: &'a Service, active: &'a Active) -> IntrospectionResponse<'a> {
    let token = &active.proven.token;
    IntrospectionResponse::Active(ActiveToken {
        scope: ScopeSet::parse(&token.scope).ok().filter(|scope| !scope.is_empty()),
        client_id: Some(Cow::Borrowed(token.client.as_str())),
        token_type: Some(Cow::Borrowed("Bearer")),
        exp: Some(active.expires_at),
        iat: Some(token.issued_at),
        sub: Some(Cow::Borrowed(token.client.as_str())),
        aud: vec![Cow::Borrowed(&active.api.record.audience)],
        iss: Some(Cow::Borrowed(service.issuer().as_str())),
        jti: Some(Cow::Owned(token.id.to_string())),
        ver: Some(u64::from(CLAIMS_VERSION)),
        ..ActiveToken::default()
    })
}
