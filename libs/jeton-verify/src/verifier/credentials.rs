//! How a verifier proves to its server who it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SecureRandom as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderValue;
use jeton_jose::jwk::SigningKey;
use jeton_jose::jws::Signer;
use jeton_oauth::client_authentication::{JWT_BEARER, basic_authorization};
use jeton_oauth::usage_report::Proof;
use jeton_token::Secret;
use serde_json::json;

/// How long an assertion is good for, in seconds: it is sent at once.
const GOOD_FOR_SECONDS: i64 = 60;

/// What a client was registered with.
pub(crate) enum Credentials {
    /// A secret, in the header that carries it (RFC 6749 section 2.3.1).
    Secret(HeaderValue),
    /// A key: each form carries an assertion of its own (RFC 7523 section 2.2).
    Key(Assertions),
    /// Nothing: what is asked for is public, and whoever has it must learn nothing.
    None,
}

/// The machine's trusted certificates cannot be read, or the credentials cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

/// Makes assertions, each for one use.
pub(crate) struct Assertions {
    client_id: String,
    issuer: String,
    signer: Signer,
    /// What every `jti` begins with, so that those of another process, or an earlier one, are others.
    drawn: String,
    count: AtomicU64,
}

impl Credentials {
    pub(crate) fn of_secret(client_id: &str, client_secret: &Secret) -> Result<Self, Unusable> {
        let mut authorization = HeaderValue::from_str(basic_authorization(client_id, client_secret).expose())
            .map_err(|_| Unusable("the client's id and secret do not fit a header".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self::Secret(authorization))
    }

    pub(crate) fn of_key(client_id: &str, key: Arc<SigningKey>, issuer: &str) -> Result<Self, Unusable> {
        let signer = Signer::new(key, "client-authentication+jwt");
        Ok(Self::Key(Assertions {
            client_id: client_id.to_owned(),
            issuer: issuer.to_owned(),
            signer,
            drawn: URL_SAFE_NO_PAD.encode(draw()?),
            count: AtomicU64::new(0),
        }))
    }

    /// What goes into a form that is sent at this time; nothing where the secret goes into a header.
    pub(crate) fn parameters(&self, now_seconds: i64) -> Option<Vec<(&'static str, String)>> {
        let Self::Key(assertions) = self else { return Some(vec![]) };
        Some(vec![("client_assertion_type", JWT_BEARER.to_owned()), ("client_assertion", assertions.next(now_seconds)?)])
    }

    /// The same for a report, which is JSON.
    pub(crate) fn proof(&self, now_seconds: i64) -> Option<Proof> {
        let Self::Key(assertions) = self else { return Some(Proof::default()) };
        let assertion = Secret::new(assertions.next(now_seconds)?);
        Some(Proof { client_assertion_type: Some(JWT_BEARER.to_owned()), client_assertion: Some(assertion), ..Proof::default() })
    }
}

impl Assertions {
    /// The next one. `aud` is the issuer alone: an assertion for one server is good at no other.
    fn next(&self, now_seconds: i64) -> Option<String> {
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": format!("{}.{}", self.drawn, self.count.fetch_add(1, Ordering::Relaxed)),
            "iat": now_seconds,
            "exp": now_seconds.saturating_add(GOOD_FOR_SECONDS),
        });
        self.signer.sign(claims.to_string().as_bytes()).ok()
    }
}

#[expect(clippy::disallowed_types, reason = "the library that an API embeds is given no dice: it throws its own, when it starts")]
pub(crate) fn draw() -> Result<[u8; 16], Unusable> {
    let mut bytes = [0; 16];
    let drawn = aws_lc_rs::rand::SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| Unusable("the system gives no random bytes".to_owned()))?;
    Ok(bytes)
}
