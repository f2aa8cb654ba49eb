//! What a provider says of whoever comes back from it with a code (OpenID Connect Core 1.0 sections 3.1.3 and 5.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_core::provider::Provider;
use jeton_core::provider::id_token::{Deviation, Said, check, said};
use jeton_jose::json::parse_object;
use jeton_jose::jws::{MAX_TOKEN_BYTES, verify};
use jeton_jose::jwt::Claims;
use jeton_jose::{TokenError, jws};
use jeton_oauth::form::{encode, encode_value};
use jeton_token::Secret;
use serde_json::Value;

use super::fetch::NoAnswer;
use super::known::{Known, Upstream};
use super::metadata::LIMITS;

/// A code that somebody came back with, and what it was asked for with.
pub(crate) struct Code<'c> {
    pub(crate) code: &'c str,
    pub(crate) redirect_uri: &'c str,
    pub(crate) verifier: &'c Secret,
    pub(crate) nonce: &'c str,
}

/// Why nobody is known by it.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The provider does not answer as it must.
    NoAnswer(NoAnswer),
    /// What it says counts for nothing.
    Deviates(Deviation),
}

impl From<NoAnswer> for Failed {
    fn from(failed: NoAnswer) -> Failed {
        Failed::NoAnswer(failed)
    }
}

impl From<Deviation> for Failed {
    fn from(deviation: Deviation) -> Failed {
        Failed::Deviates(deviation)
    }
}

impl Known {
    /// Where somebody is sent, with these parameters.
    pub(crate) fn authorization_address(&self, parameters: &[(&str, &str)]) -> String {
        let to = self.metadata.authorization.uri.to_string();
        let joint = if to.contains('?') { '&' } else { '?' };
        format!("{to}{joint}{}", encode(parameters.iter().copied()))
    }

    /// Whether an answer is of this provider, by the issuer that it names (RFC 9207 section 2.4).
    pub(crate) fn is_of(&self, provider: &Provider, named: Option<&str>) -> bool {
        named.map_or(!self.metadata.names_issuer, |named| named == provider.issuer.as_str())
    }
}

impl Upstream {
    /// Who came with a code.
    ///
    /// # Errors
    /// [`Failed`]: nobody is known by it.
    pub(crate) async fn said(
        &self,
        (provider, known): (&Provider, &Known),
        code: &Code<'_>,
        secret: &Secret,
        now: i64,
    ) -> Result<Said, Failed> {
        let Given { id_token, access_token } = self.exchange((provider, known), code, secret).await?;
        let claims = match claims(&id_token, known, provider, code.nonce, now) {
            Err(Deviation::Token(TokenError::UnknownKey)) => {
                let known = self.known_anew(provider, now).await?;
                claims(&id_token, &known, provider, code.nonce, now)?
            }
            claims => claims?,
        };
        let role_claim = provider.role_claim.as_deref();
        let lacks = |name: &str| !claims.additional.contains_key(name);
        let asks_more = lacks("email") || role_claim.is_some_and(lacks);
        let userinfo = match (&known.metadata.userinfo, &access_token) {
            (Some(at), Some(token)) if asks_more => {
                let body = self.fetcher.get(at, Some(token)).await?;
                Some(parse_object(&body, LIMITS).map_err(|_| NoAnswer::because("its userinfo is no JSON object"))?)
            }
            _ => None,
        };
        Ok(said(&claims, userinfo.as_ref(), role_claim)?)
    }

    async fn exchange(&self, (provider, known): (&Provider, &Known), code: &Code<'_>, secret: &Secret) -> Result<Given, NoAnswer> {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect_uri),
            ("code_verifier", code.verifier.expose()),
        ];
        let authorization = if known.metadata.proves_in_body {
            parameters.extend([("client_id", &*provider.client_id), ("client_secret", secret.expose())]);
            None
        } else {
            // Each part is encoded as in a form first (RFC 6749 section 2.3.1).
            let pair = Secret::new(format!("{}:{}", encode_value(&provider.client_id), encode_value(secret.expose())));
            Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))))
        };
        let form = Secret::new(encode(parameters));
        Given::parse(&self.fetcher.post(&known.metadata.token, authorization.as_ref(), &form).await?)
    }
}

/// What a provider gives for a code (section 3.1.3.3).
pub(super) struct Given {
    pub(super) id_token: String,
    pub(super) access_token: Option<Secret>,
}

impl Given {
    pub(super) fn parse(answer: &[u8]) -> Result<Given, NoAnswer> {
        let answer = parse_object(answer, LIMITS).map_err(|_| NoAnswer::because("its answer to the code is no JSON object"))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let id_token = text("id_token").ok_or(NoAnswer::because("it gave no ID token"))?.to_owned();
        Ok(Given { id_token, access_token: text("access_token").map(Secret::from) })
    }
}

fn claims(token: &str, known: &Known, provider: &Provider, nonce: &str, now: i64) -> Result<Claims, Deviation> {
    let verified: jws::Verified<'_> = verify(token, &known.keys, MAX_TOKEN_BYTES).map_err(Deviation::Token)?;
    check(&verified, provider, nonce, now)
}
