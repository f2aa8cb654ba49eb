//! `POST /oauth/introspect` (RFC 7662).

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use jeton_core::api_key::ApiKeyKind;
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_oauth::introspection::{API_KEY, PERSONAL_ACCESS_TOKEN};
use jeton_oauth::{ActiveToken, Form, IntrospectionRequest, IntrospectionResponse, ScopeSet};
use jeton_service::Service;
use jeton_service::authenticate::Authenticated;
use jeton_service::introspect::{Active, ActiveKey, ActiveRefresh, Introspected};
use jeton_service::issue::CLAIMS_VERSION;
use serde_json::Map;

use super::{authenticate, form_body};
use crate::observe::Observer;
use crate::reply::{Reply, json};
use crate::seen;

/// Says whether a token is active, and what it is.
pub async fn post(State(service): State<Arc<Service>>, observer: Arc<Observer>, mut request: Request) -> Reply {
    let body = form_body(&mut request).await?;
    // After the body, which may take its time: what has expired meanwhile has expired.
    let moment = service.moments().now();
    let form = Form::parse(&body)?;
    let client = authenticate(&service, &observer, &request, &form, &moment)?;
    let answer = introspect(&service, &client, &form, &moment).await;
    Ok(seen::to_client(answer, &client.entry.client.record.id))
}

async fn introspect(service: &Service, client: &Authenticated, form: &Form<'_>, moment: &Moment) -> Reply {
    let request = IntrospectionRequest::parse(form)?;
    service.spend(client, moment).await?;
    let active = service.introspect(&client.entry.client.record, request.token, moment).await?;
    let response = match &active {
        None => IntrospectionResponse::Inactive,
        Some(Introspected::Token(active)) => describe(service, active),
        Some(Introspected::Key(active)) => describe_key(service, active),
        Some(Introspected::Refresh(active)) => describe_refresh(service, active),
    };
    let declared = match &active {
        Some(Introspected::Token(active)) => service.claims_of_token(&active.proven.token, &active.api.record),
        _ => Map::new(),
    };
    Ok(seen::with_outcome(json(response.to_json_with(&declared)), if active.is_some() { "active" } else { "inactive" }))
}

fn describe<'a>(service: &'a Service, active: &'a Active) -> IntrospectionResponse<'a> {
    let token = &active.proven.token;
    IntrospectionResponse::Active(ActiveToken {
        scope: ScopeSet::parse(&token.scope).ok().filter(|scope| !scope.is_empty()),
        client_id: Some(Cow::Borrowed(token.client.as_str())),
        token_type: Some(Cow::Borrowed("Bearer")),
        exp: Some(active.expires_at),
        iat: Some(token.issued_at),
        sub: Some(Cow::Borrowed(token.held.as_ref().map_or(token.client.as_str(), |held| held.person.as_str()))),
        aud: vec![Cow::Borrowed(&active.api.record.audience)],
        iss: Some(Cow::Borrowed(service.issuer().as_str())),
        jti: Some(Cow::Owned(token.id.to_string())),
        ver: Some(u64::from(CLAIMS_VERSION)),
        sid: token.held.as_ref().and_then(|held| held.session).map(|session| Cow::Owned(session.to_string())),
        gid: token.held.as_ref().map(|held| Cow::Owned(held.grant.to_string())),
        ..ActiveToken::default()
    })
}

/// A refresh token, for the client that has it: what it may still give, and until when.
fn describe_refresh<'a>(service: &'a Service, active: &'a ActiveRefresh) -> IntrospectionResponse<'a> {
    let grant = &active.grant;
    IntrospectionResponse::Active(ActiveToken {
        client_id: Some(Cow::Borrowed(grant.client.as_str())),
        exp: Some(active.expires_at),
        iat: Some(grant.created_at),
        sub: Some(Cow::Borrowed(grant.person.as_str())),
        iss: Some(Cow::Borrowed(service.issuer().as_str())),
        gid: Some(Cow::Owned(grant.id.to_string())),
        auth_time: Some(grant.proof.at),
        acr: Some(Cow::Borrowed(grant.proof.acr.name())),
        amr: grant.proof.amr.iter().map(|method| Cow::Borrowed(method.name())).collect(),
        ..ActiveToken::default()
    })
}

fn describe_key<'a>(service: &'a Service, active: &'a ActiveKey) -> IntrospectionResponse<'a> {
    let key = &active.key.entry.key.record;
    let id = || Cow::Owned(key.id.to_string());
    IntrospectionResponse::Active(ActiveToken {
        scope: Some(active.key.judged.scopes.clone()).filter(|scope| !scope.is_empty()),
        client_id: Some(key.holder().map_or_else(id, |client| Cow::Borrowed(client.as_str()))),
        token_type: Some(Cow::Borrowed("Bearer")),
        exp: Some(active.key.expires_at),
        iat: Some(active.answered_at),
        sub: Some(match &key.owner {
            Owner::Client(client) => Cow::Borrowed(client.as_str()),
            Owner::Person(person) => Cow::Borrowed(person.as_str()),
            Owner::Group(_) | Owner::External(_) => Cow::Owned(key.owner.to_string()),
        }),
        aud: active.key.judged.api.iter().map(|api| Cow::Borrowed(&*api.record.audience)).collect(),
        iss: Some(Cow::Borrowed(service.issuer().as_str())),
        jti: Some(id()),
        ver: Some(u64::from(CLAIMS_VERSION)),
        cache_seconds: Some(active.cache_seconds),
        credential: Some(Cow::Borrowed(match key.kind {
            ApiKeyKind::Key => API_KEY,
            ApiKeyKind::Personal => PERSONAL_ACCESS_TOKEN,
        })),
        ..ActiveToken::default()
    })
}
