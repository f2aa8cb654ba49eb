//! The issuer before this one: its tokens pass until a date, so that an API can move without everybody moving at once.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_jose::TokenError;
use jeton_jose::jwk::JwkSet;
use jeton_jose::jws::{self, MAX_TOKEN_BYTES};
use jeton_jose::jwt::{Claims, Times, TokenType, Validation};
use jeton_oauth::Issuer;
use jeton_token::TokenId;
use serde_json::Value;

use crate::clock::Clock;
use crate::feed::Knowledge;
use crate::jwt::{Digest, Memory, memory};
use crate::keys::Keys;
use crate::refused::Refused;
use crate::token::VerifiedToken;
use crate::verifier::credentials::{Credentials, Unusable};
use crate::verifier::http::Http;
use crate::verifier::key_set::{Fetched, KeySet};

/// The issuer that an API had before, whose JWTs it takes until a date.
///
/// Its tokens are checked by its own keys and for its own audiences: no key of one issuer is good for tokens of the other. Revocations of
/// them are not heard of here, and opaque tokens of it are not taken.
///
/// ```
/// use jeton_verify::FormerIssuer;
///
/// let former = FormerIssuer::new("https://old.example", 1_800_000_000)
///     .audience("https://orders.example")
///     .key_set_url("https://old.example/.well-known/jwks.json");
/// ```
#[must_use]
pub struct FormerIssuer {
    issuer: String,
    audiences: Vec<String>,
    until_seconds: i64,
    source: Source,
}

/// Where its keys come from.
enum Source {
    Missing,
    Set(Vec<u8>),
    Url(String),
}

/// Checks the tokens of the issuer before this one.
pub(crate) struct Former {
    validation: Validation,
    issuer: Arc<str>,
    until_seconds: i64,
    keys: KeySet,
    /// Nothing is heard of its revocations.
    knowledge: Knowledge,
    /// Where its keys are fetched; `None`: they were given.
    http: Option<Http>,
    seen: Memory<Seen>,
}

#[derive(Clone)]
struct Seen {
    token: VerifiedToken,
    /// The key set it was checked against.
    generation: u64,
}

impl FormerIssuer {
    /// The `iss` of its tokens, and the second since 1970 from which on they are refused.
    pub fn new(issuer: impl Into<String>, until_seconds: i64) -> Self {
        Self { issuer: issuer.into(), audiences: Vec::new(), until_seconds, source: Source::Missing }
    }

    /// What `aud` of its tokens may name; said again, one more.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Its public keys: a JWK set (RFC 7517 section 5), as text.
    pub fn key_set(mut self, jwk_set: impl Into<Vec<u8>>) -> Self {
        self.source = Source::Set(jwk_set.into());
        self
    }

    /// Where its public keys are fetched, and fetched again: `https`, or `http` on this machine.
    pub fn key_set_url(mut self, url: impl Into<String>) -> Self {
        self.source = Source::Url(url.into());
        self
    }

    /// What it is made of, or what about it is wrong.
    pub(crate) fn open(self, current: &Issuer, leeway_seconds: u32, remembered: usize) -> Result<Former, String> {
        if self.issuer.is_empty() || self.issuer == current.as_str() {
            return Err("the former issuer is another than the issuer".to_owned());
        }
        if self.audiences.is_empty() {
            return Err("name the audience of its tokens: `.audience(…)`".to_owned());
        }
        let (keys, http) = match self.source {
            Source::Missing => return Err("name its keys: `.key_set_url(…)` or `.key_set(…)`".to_owned()),
            Source::Set(text) => {
                let set = JwkSet::parse(&text).map_err(|error| error.to_string())?;
                let keys = Keys::new(set, 0, |_| false).map_err(|error| error.to_string())?;
                if keys.verifying().keys().is_empty() {
                    return Err("no key of its set can be used".to_owned());
                }
                (KeySet::new(keys, ""), None)
            }
            Source::Url(url) => {
                let (base, name) = url.rsplit_once('/').ok_or("the URL of its key set is no URL")?;
                let base = Issuer::parse(base).map_err(|error| format!("the URL of its key set: {error}"))?;
                let http = Http::new(base, Credentials::None).map_err(|Unusable(problem)| problem)?;
                let none = Keys::new(JwkSet::default(), 0, |_| false).map_err(|error| error.to_string())?;
                (KeySet::new(none, format!("/{name}")), Some(http))
            }
        };
        let (issuer, until_seconds) = (Arc::from(self.issuer.as_str()), self.until_seconds);
        let validation = Validation { leeway_seconds, audiences: self.audiences, ..Validation::access_token(self.issuer, "") };
        Ok(Former { validation, issuer, until_seconds, keys, knowledge: Knowledge::default(), http, seen: memory(remembered) })
    }
}

impl Former {
    /// Whether a JWT says that it is of this issuer. Anybody may write that: it only chooses by whose keys the token is checked.
    pub(crate) fn is_meant(&self, text: &str) -> bool {
        let payload = text.split('.').nth(1).filter(|payload| payload.len() <= MAX_TOKEN_BYTES);
        let payload = payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
        let claims: Option<Value> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        claims.is_some_and(|claims| claims.get("iss").and_then(Value::as_str) == Some(&*self.issuer))
    }

    /// Checks a JWT that says it is of this issuer.
    pub(crate) async fn check(&self, text: &str, clock: &dyn Clock) -> Result<VerifiedToken, Refused> {
        match self.check_known(text, clock.now().seconds()) {
            Err(Refused::Token(TokenError::UnknownKey)) if self.fetch_unknown_key(clock).await == Fetched::Changed => {
                self.check_known(text, clock.now().seconds())
            }
            result => result,
        }
    }

    /// Fetches the keys, where they are not given.
    pub(crate) async fn fetch_keys(&self, clock: &dyn Clock) -> Fetched {
        match &self.http {
            Some(http) => self.keys.fetch(http, &self.knowledge, clock).await,
            None => Fetched::Same,
        }
    }

    /// Waits until the keys should be fetched again: for ever where they are given, or their date has come.
    pub(crate) async fn keys_due(&self, clock: &dyn Clock) {
        if self.http.is_none() || clock.now().seconds() >= self.until_seconds {
            std::future::pending::<()>().await;
        }
        self.keys.due().await;
    }

    async fn fetch_unknown_key(&self, clock: &dyn Clock) -> Fetched {
        match &self.http {
            Some(http) => self.keys.fetch_for_unknown(http, &self.knowledge, clock).await,
            None => Fetched::Same,
        }
    }

    fn check_known(&self, text: &str, now_seconds: i64) -> Result<VerifiedToken, Refused> {
        if now_seconds >= self.until_seconds {
            return Err(Refused::FormerIssuer);
        }
        let (digest, keys) = (Digest::of(text), self.keys.load());
        if let Some(Seen { token, .. }) = self.seen.get(&digest).filter(|seen| seen.generation == keys.generation()) {
            self.validation.check_times(token.times(), now_seconds).map_err(Refused::Token)?;
            return Ok(token);
        }
        let token = self.read(text, &digest, &keys, now_seconds).map_err(|error| match error {
            Problem::Token(error) => Refused::Token(error),
            Problem::Refused(refused) => refused,
        })?;
        self.seen.insert(digest, Seen { token: token.clone(), generation: keys.generation() });
        Ok(token)
    }

    fn read(&self, text: &str, digest: &Digest, keys: &Keys, now_seconds: i64) -> Result<VerifiedToken, Problem> {
        let verified = jws::verify(text, keys.verifying(), self.validation.limit_bytes)?;
        // Many issuers say no more than JWT, or nothing. An ID token says so too: its audience is a client, and no API's.
        let token_type = verified.header.token_type.as_deref();
        let is_plain = token_type.is_none_or(|token_type| token_type.eq_ignore_ascii_case("JWT"));
        if !is_plain && !TokenType::AccessToken.matches(token_type) {
            return Err(TokenError::WrongType.into());
        }
        let claims = Claims::parse(&verified.payload)?;
        self.validation.check_claims(&claims, now_seconds)?;
        let expires_at = claims.expires_at.ok_or_else(|| TokenError::ClaimMissing("exp".into()))?;
        let times = Times { issued_at: claims.issued_at, not_before: claims.not_before, expires_at };
        Ok(VerifiedToken::former(claims, times, TokenId::from_bytes(digest.first_bytes()), &self.issuer)?)
    }
}

/// Why a token of it does not pass.
enum Problem {
    Token(TokenError),
    Refused(Refused),
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
