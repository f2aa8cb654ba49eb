//! `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use jeton_core::client::{AuthenticationMethod, GrantType};
use jeton_oauth::ServerMetadata;
use jeton_service::Service;

/// The algorithms that a client assertion may be signed with.
const ASSERTION_ALGORITHMS: [&str; 10] = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// Says what this server is and can. Every URL comes from the issuer, never from the request.
pub async fn get(State(service): State<Arc<Service>>) -> Response {
    let mut response = Response::new(Body::from(describe(&service).to_json()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

fn describe(service: &Service) -> ServerMetadata {
    let issuer = service.issuer();
    // Nothing is served yet to who cannot prove who it is.
    let proofs = || AuthenticationMethod::ALL.iter().filter(|method| **method != AuthenticationMethod::None);
    let methods = || proofs().map(|method| method.name().to_owned()).collect::<Vec<_>>();
    let algorithms = || ASSERTION_ALGORITHMS.map(str::to_owned).to_vec();
    let scopes: BTreeSet<String> = service.apis().iter().flat_map(|api| api.record.scopes.keys().cloned().collect::<Vec<_>>()).collect();
    ServerMetadata {
        token_endpoint: Some(issuer.endpoint("/oauth/token")),
        jwks_uri: Some(issuer.endpoint("/.well-known/jwks.json")),
        scopes_supported: scopes.into_iter().collect(),
        grant_types_supported: vec![GrantType::ClientCredentials.name().to_owned()],
        token_endpoint_auth_methods_supported: methods(),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        revocation_endpoint: Some(issuer.endpoint("/oauth/revoke")),
        revocation_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        introspection_endpoint: Some(issuer.endpoint("/oauth/introspect")),
        introspection_endpoint_auth_methods_supported: methods(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        code_challenge_methods_supported: vec!["S256".to_owned()],
        subject_types_supported: vec!["public".to_owned()],
        id_token_signing_alg_values_supported: vec!["RS256".to_owned()],
        jeton_revocation_feed: Some(issuer.endpoint("/api/v1/revocations/feed")),
        ..ServerMetadata::new(issuer.clone())
    }
}
