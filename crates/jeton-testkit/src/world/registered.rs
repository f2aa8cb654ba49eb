//! A registered client as its owner knows it.

use std::sync::Arc;

use jeton_jose::jwk::SigningKey;
use jeton_oauth::client_authentication::basic_authorization;
use jeton_token::Secret;

/// A client, and what it proves itself with.
#[derive(Clone)]
pub struct Registered {
    /// Its `client_id`.
    pub id: String,
    /// Its secret; empty where it signs.
    pub secret: String,
    /// What it signs assertions with.
    pub key: Option<Arc<SigningKey>>,
}

impl Registered {
    /// The value of its Authorization header.
    #[must_use]
    pub fn basic(&self) -> String {
        basic_authorization(&self.id, &Secret::from(self.secret.as_str())).expose().to_owned()
    }

    /// The same client with another secret.
    #[must_use]
    pub fn with_secret(&self, secret: &str) -> Registered {
        Registered { secret: secret.to_owned(), ..self.clone() }
    }
}
