//! `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use jeton_core::client::asking::ID_TOKEN_ALGORITHMS;
use jeton_core::client::{AuthenticationMethod, GrantType};
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::session::proof::Acr;
use jeton_jose::Algorithm;
use jeton_oauth::ServerMetadata;
use jeton_oauth::authorization::ResponseMode;
use jeton_service::Service;

use crate::pages::texts::texts;

/// What may be told of a person, at userinfo and in an ID token.
const CLAIMS: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "name",
    "preferred_username",
    "updated_at",
    "email",
    "email_verified",
];
/// What `prompt` may ask for.
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];
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
    let methods = || AuthenticationMethod::ALL.iter().map(|method| method.name().to_owned()).collect::<Vec<_>>();
    // Who cannot prove who it is learns nothing of tokens.
    let proofs = || methods().into_iter().filter(|method| *method != AuthenticationMethod::None.name()).collect();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let algorithms = || ASSERTION_ALGORITHMS.map(str::to_owned).to_vec();
    let of_apis = service.apis();
    let of_apis = of_apis.iter().flat_map(|api| api.record.scopes.keys().cloned().collect::<Vec<_>>());
    let scopes: BTreeSet<String> = of_apis.chain(IdentityScope::ALL.map(|scope| scope.name().to_owned())).collect();
    ServerMetadata {
        authorization_endpoint: Some(issuer.endpoint("/oauth/authorize")),
        pushed_authorization_request_endpoint: Some(issuer.endpoint("/oauth/par")),
        require_pushed_authorization_requests: Some(false),
        device_authorization_endpoint: Some(issuer.endpoint("/oauth/device_authorization")),
        userinfo_endpoint: Some(issuer.endpoint("/oauth/userinfo")),
        end_session_endpoint: Some(issuer.endpoint("/oauth/logout")),
        backchannel_logout_supported: Some(true),
        backchannel_logout_session_supported: Some(true),
        response_types_supported: vec!["code".to_owned()],
        response_modes_supported: owned(&ResponseMode::ALL.map(ResponseMode::as_str)),
        claims_supported: owned(&CLAIMS),
        acr_values_supported: owned(&Acr::OFFERED.map(Acr::name)),
        prompt_values_supported: owned(&PROMPTS),
        ui_locales_supported: vec![texts().lang.clone()],
        authorization_response_iss_parameter_supported: Some(true),
        claims_parameter_supported: Some(false),
        request_parameter_supported: Some(false),
        request_uri_parameter_supported: Some(false),
        token_endpoint: Some(issuer.endpoint("/oauth/token")),
        jwks_uri: Some(issuer.endpoint("/.well-known/jwks.json")),
        scopes_supported: scopes.into_iter().collect(),
        grant_types_supported: owned(&GrantType::ALL.map(GrantType::name)),
        token_endpoint_auth_methods_supported: methods(),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        revocation_endpoint: Some(issuer.endpoint("/oauth/revoke")),
        revocation_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        introspection_endpoint: Some(issuer.endpoint("/oauth/introspect")),
        introspection_endpoint_auth_methods_supported: proofs(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        code_challenge_methods_supported: vec!["S256".to_owned()],
        subject_types_supported: vec!["public".to_owned()],
        id_token_signing_alg_values_supported: owned(&ID_TOKEN_ALGORITHMS.map(Algorithm::name)),
        jeton_revocation_feed: Some(issuer.endpoint("/api/v1/revocations/feed")),
        ..ServerMetadata::new(issuer.clone())
    }
}
