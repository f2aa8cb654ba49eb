//! Client assertions (RFC 7523), right and wrong.

use std::sync::Arc;

use jeton_jose::jwk::SigningKey;
use jeton_jose::jws::Signer;
use jeton_oauth::client_authentication::JWT_BEARER;
use serde_json::{Map, Value, json};

/// An assertion before it is signed.
#[derive(Clone)]
pub struct Assertion {
    key: Arc<SigningKey>,
    claims: Map<String, Value>,
    token_type: String,
}

impl Assertion {
    /// What a client says of itself to an issuer, good for a minute.
    #[must_use]
    pub fn of(client_id: &str, key: &Arc<SigningKey>, issuer: &str, now_seconds: i64, jti: &str) -> Assertion {
        let claims = [
            ("iss", json!(client_id)),
            ("sub", json!(client_id)),
            ("aud", json!(issuer)),
            ("jti", json!(jti)),
            ("iat", json!(now_seconds)),
            ("exp", json!(now_seconds + 60)),
        ];
        let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Assertion { key: key.clone(), claims, token_type: "JWT".to_owned() }
    }

    /// With another value of a claim.
    #[must_use]
    pub fn with(mut self, claim: &str, value: impl Into<Value>) -> Assertion {
        self.claims.insert(claim.to_owned(), value.into());
        self
    }

    /// Without a claim.
    #[must_use]
    pub fn without(mut self, claim: &str) -> Assertion {
        self.claims.remove(claim);
        self
    }

    /// Of another `typ`.
    #[must_use]
    pub fn typed(self, token_type: &str) -> Assertion {
        Assertion { token_type: token_type.to_owned(), ..self }
    }

    /// Signed with another key.
    #[must_use]
    pub fn signed_by(self, key: &Arc<SigningKey>) -> Assertion {
        Assertion { key: key.clone(), ..self }
    }

    /// Signed.
    #[must_use]
    pub fn sign(&self) -> String {
        let payload = Value::Object(self.claims.clone()).to_string();
        Signer::new(self.key.clone(), &self.token_type).sign(payload.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Signed, as the two parameters of a form.
    #[must_use]
    pub fn parameters(&self) -> [(&'static str, String); 2] {
        [("client_assertion_type", JWT_BEARER.to_owned()), ("client_assertion", self.sign())]
    }
}
