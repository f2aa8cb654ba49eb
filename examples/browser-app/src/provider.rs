//! Jeton as this application sees it: discovery, the code flow with PKCE, refresh, revocation and sign-out.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use jeton_jose::jwt::{TokenType, Validation};
use jeton_oauth::client_authentication::basic_authorization;
use jeton_oauth::token::ReceivedToken;
use jeton_oauth::{Form, Issuer, form, pkce};
use jeton_token::Secret;
use serde_json::Value;

use crate::edge::{now_seconds, random};
use crate::outgoing::{NoAnswer, Outgoing};

/// What people are asked to allow.
const SCOPE: &str = "openid profile orders:read orders:write";
/// For how long somebody may be away.
pub(crate) const TRIP_SECONDS: u32 = 600;

/// The issuer, and this application as its client.
pub(crate) struct Provider {
    pub(crate) issuer: Issuer,
    client_id: String,
    authorization: Secret,
    redirect_uri: String,
    endpoints: Endpoints,
    outgoing: Arc<Outgoing>,
}

/// What its metadata name.
struct Endpoints {
    authorization: String,
    token: String,
    keys: String,
    userinfo: String,
    revocation: String,
    end_session: String,
}

/// What a browser is sent away with, and must come back with.
pub(crate) struct Trip {
    pub(crate) state: Secret,
    nonce: Secret,
    verifier: Secret,
}

/// How somebody must prove who they are (RFC 9470); nothing is as Jeton has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) acr_values: Option<String>,
    pub(crate) max_age: Option<String>,
}

/// Why Jeton gives nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// What was brought has ended (`invalid_grant`): somebody signed out, or was signed out.
    Ended,
    /// It cannot, or there is a mistake here; in words for the page.
    Problem(String),
}

impl From<NoAnswer> for Refused {
    fn from(failed: NoAnswer) -> Self {
        Self::Problem(failed.0)
    }
}

impl Trip {
    pub(crate) fn begin() -> Self {
        Self { state: random(), nonce: random(), verifier: random() }
    }

    pub(crate) fn to_text(&self) -> String {
        let until = now_seconds().saturating_add(TRIP_SECONDS.into()).to_string();
        form::encode([
            ("state", self.state.expose()),
            ("nonce", self.nonce.expose()),
            ("verifier", self.verifier.expose()),
            ("until", &until),
        ])
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let form = Form::parse(text.as_bytes()).ok()?;
        let is_young = form.get("until")?.parse::<i64>().ok()? > now_seconds();
        let part = |name: &str| form.get(name).map(Secret::from);
        Some(Self { state: part("state")?, nonce: part("nonce")?, verifier: part("verifier")? }).filter(|_| is_young)
    }
}

impl Provider {
    /// Reads what the issuer says of itself.
    pub(crate) async fn discover(
        issuer: Issuer,
        (client_id, client_secret): (String, &Secret),
        redirect_uri: String,
        outgoing: Arc<Outgoing>,
    ) -> Result<Self, String> {
        let answer = outgoing.get(&issuer.endpoint("/.well-known/openid-configuration")).await.map_err(|failed| failed.0)?;
        let document = document(&answer).ok_or("the issuer has no OpenID Connect metadata")?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        if text("issuer").as_deref() != Some(issuer.as_str()) {
            return Err(format!("the issuer does not call itself {}", issuer.as_str()));
        }
        let endpoint = |name: &str| {
            // What is secret goes there: encrypted, or to the same place of this machine.
            let is_safe = |url: &String| url.starts_with("https://") || url.starts_with(issuer.origin());
            text(name).filter(is_safe).ok_or_else(|| format!("the issuer's metadata name no usable `{name}`"))
        };
        let endpoints = Endpoints {
            authorization: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            keys: endpoint("jwks_uri")?,
            userinfo: endpoint("userinfo_endpoint")?,
            revocation: endpoint("revocation_endpoint")?,
            end_session: endpoint("end_session_endpoint")?,
        };
        let authorization = basic_authorization(&client_id, client_secret);
        Ok(Self { issuer, client_id, authorization, redirect_uri, endpoints, outgoing })
    }

    /// Where a browser is sent to sign in, and how strongly.
    pub(crate) fn authorization_address(&self, trip: &Trip, proof: &Proof) -> Option<String> {
        let challenge = pkce::Verifier::parse(trip.verifier.expose()).ok()?.challenge().to_text();
        let always = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", SCOPE),
            ("state", trip.state.expose()),
            ("nonce", trip.nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", pkce::METHOD),
        ];
        let proof = [("acr_values", &proof.acr_values), ("max_age", &proof.max_age)];
        let proof = proof.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        Some(format!("{}?{}", self.endpoints.authorization, form::encode(always.into_iter().chain(proof))))
    }

    /// Where a browser is sent to sign out there too. Without an ID token as a hint, since none is to be in an address or a page: people are
    /// asked.
    pub(crate) fn end_session_address(&self, home: &str) -> String {
        let parameters = [("client_id", self.client_id.as_str()), ("post_logout_redirect_uri", home)];
        format!("{}?{}", self.endpoints.end_session, form::encode(parameters))
    }

    /// What a code is worth.
    pub(crate) async fn exchange(&self, code: &str, trip: &Trip) -> Result<ReceivedToken, Refused> {
        self.ask(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", trip.verifier.expose()),
        ])
        .await
    }

    /// What a refresh token is worth, once.
    pub(crate) async fn refresh(&self, refresh_token: &Secret) -> Result<ReceivedToken, Refused> {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())]).await
    }

    /// Ends a token, and what it belongs to (RFC 7009).
    pub(crate) async fn revoke(&self, token: &Secret) -> Result<(), NoAnswer> {
        let form = Secret::new(form::encode([("token", token.expose())]));
        self.outgoing.post(&self.endpoints.revocation, &self.authorization, &form).await.map(drop)
    }

    /// What somebody who came back is called. The ID token says who it is: of this issuer, for this application, and for this trip.
    pub(crate) async fn name(&self, given: &ReceivedToken, trip: &Trip) -> Result<String, Refused> {
        let problem = |sentence: &str| Refused::Problem(sentence.to_owned());
        let id_token = given.id_token.as_ref().ok_or_else(|| problem("Jeton gave no ID token"))?;
        let keys = self.outgoing.get(&self.endpoints.keys).await?;
        let keys = JwkSet::parse(keys.body()).and_then(|set| VerifyingKeys::from_jwk_set(&set, None));
        let (keys, _) = keys.map_err(|error| Refused::Problem(format!("Jeton's keys cannot be read: {error}")))?;
        let expected = Validation {
            token_type: TokenType::Named("JWT".to_owned()),
            sole_audience: true,
            leeway_seconds: 5,
            required: vec!["sub".to_owned(), "iat".to_owned()],
            ..Validation::access_token(self.issuer.as_str(), self.client_id.as_str())
        };
        let claims = expected.check(id_token.expose(), &keys, now_seconds());
        let claims = claims.map_err(|error| Refused::Problem(format!("the ID token is refused: {error}")))?;
        if claims.additional.get("nonce").and_then(Value::as_str).map(Secret::from).as_ref() != Some(&trip.nonce) {
            return Err(problem("the ID token is of another sign-in"));
        }
        let person = self.outgoing.with_token(Method::GET, &self.endpoints.userinfo, &given.access_token).await?;
        let person = document(&person).ok_or_else(|| problem("Jeton does not say who signed in"))?;
        let text = |name: &str| person.get(name).and_then(Value::as_str);
        if text("sub").is_none() || text("sub") != claims.subject.as_deref() {
            return Err(problem("Jeton says that somebody else signed in"));
        }
        Ok(text("name").or(text("preferred_username")).or(text("sub")).unwrap_or_default().to_owned())
    }

    async fn ask(&self, parameters: &[(&str, &str)]) -> Result<ReceivedToken, Refused> {
        let form = Secret::new(form::encode(parameters.iter().copied()));
        let answer = self.outgoing.post(&self.endpoints.token, &self.authorization, &form).await?;
        if answer.status() == StatusCode::OK {
            return ReceivedToken::parse(answer.body()).ok_or_else(|| Refused::Problem("Jeton's answer holds no token".to_owned()));
        }
        let error = serde_json::from_slice::<Value>(answer.body()).ok();
        match error.as_ref().and_then(|error| error.get("error")).and_then(Value::as_str) {
            Some("invalid_grant") => Err(Refused::Ended),
            error => Err(Refused::Problem(format!("Jeton gives no token: {}", error.unwrap_or(answer.status().as_str())))),
        }
    }
}

fn document(answer: &Response<Bytes>) -> Option<Value> {
    if answer.status() == StatusCode::OK { serde_json::from_slice(answer.body()).ok() } else { None }
}
