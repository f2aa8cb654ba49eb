//! `POST /oauth/introspect` (RFC 7662).

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_oauth::{ActiveToken, Form, IntrospectionRequest, IntrospectionResponse, ScopeSet};
use jeton_service::Service;
use jeton_service::introspect::Active;
use jeton_service::issue::CLAIMS_VERSION;

use super::{authenticate, form_body};
use crate::reply::{Reply, json};

/// Says whether a token is active, and what it is.
pub async fn post(State(service): State<Arc<Service>>, request: Request) -> Reply {
    let (headers, body) = form_body(request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse(&body)?;
    let client = authenticate(&service, &headers, &form, &moment)?;
    let request = IntrospectionRequest::parse(&form)?;
    service.spend(&client, &moment).await?;
    let active = service.introspect(&client.entry.client.record, request.token, &moment).await?;
    let response = active.as_ref().map_or(IntrospectionResponse::Inactive, |active| describe(&service, active));
    Ok(json(response.to_json()))
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
