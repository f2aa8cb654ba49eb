use crate::base64url;
use crate::error::KeyError;
use crate::jwk::SigningKey;
use std::sync::Arc;

/// Makes tokens of one type with one key. Their header is always the same, so it is written once.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Arc<SigningKey>,
    /// The header as base64url, and the dot after it.
    prefix: Box<str>,
}

impl Signer {
    /// A signer of tokens with that `typ`, such as `at+jwt` or `JWT`.
    #[must_use]
    pub fn new(key: Arc<SigningKey>, token_type: &str) -> Self {
        let header = serde_json::json!({
            "alg": key.algorithm().name(),
            "kid": key.key_id(),
            "typ": token_type,
        });
        let mut prefix = base64url::encode(header.to_string().as_bytes());
        prefix.push('.');
        Self { key, prefix: prefix.into_boxed_str() }
    }

    /// The key that signs.
    #[must_use]
    pub const fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    /// Makes the compact token of a payload.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when the library cannot sign.
    pub fn sign(&self, payload: &[u8]) -> Result<String, KeyError> {
        // Room for the longest signature of everyday keys; RSA of more than 2048 bits makes the text grow once.
        const SIGNATURE_BYTES: usize = 256;
        let length = self.prefix.len() + base64url::encoded_length(payload.len()) + 1 + base64url::encoded_length(SIGNATURE_BYTES);
        let mut token = String::with_capacity(length);
        token.push_str(&self.prefix);
        base64url::encode_into(payload, &mut token);
        let mut tail = String::new();
        self.key.with_signature(token.as_bytes(), |signature| {
            tail.reserve_exact(base64url::encoded_length(signature.len()));
            base64url::encode_into(signature, &mut tail);
        })?;
        token.push('.');
        token.push_str(&tail);
        Ok(token)
    }
}
