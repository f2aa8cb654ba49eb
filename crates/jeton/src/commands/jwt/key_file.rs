//! What to say of a file that is not the key it should be.

use jeton_jose::KeyError;
use serde_json::Value;

/// What a text is instead of a JWK, where that is plain to see.
pub(super) fn other_than_jwk(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") {
        return Some("this is PEM, not a JWK");
    }
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("keys").is_some().then_some("this is a JWK Set, not one JWK")
}

/// What to do next; `otherwise` where the error says nothing of its own.
pub(super) fn hint(error: KeyError, otherwise: &str) -> String {
    match error {
        KeyError::AlgorithmMissing => "name it with --alg, such as --alg ES256".to_owned(),
        _ => otherwise.to_owned(),
    }
}
