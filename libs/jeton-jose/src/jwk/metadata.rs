use crate::algorithm::Algorithm;
use crate::error::KeyError;
use serde_json::{Map, Value};

/// Most bytes of a `kid`, in keys as in tokens.
pub const MAX_KEY_ID_BYTES: usize = 128;

/// The members of a JWK that say what the key is for (RFC 7517 sections 4.2 to 4.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Metadata {
    pub(crate) key_id: Option<String>,
    pub(crate) algorithm: Option<String>,
    pub(crate) usage: Option<String>,
    pub(crate) operations: Option<Vec<String>>,
}

impl Metadata {
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let key_id = optional_text(members, "kid")?;
        if key_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > MAX_KEY_ID_BYTES) {
            return Err(KeyError::Malformed("kid"));
        }
        Ok(Self {
            key_id,
            algorithm: optional_text(members, "alg")?,
            usage: optional_text(members, "use")?,
            operations: operations(members)?,
        })
    }

    /// The one algorithm of the key: its own `alg`, or the caller's where it has none; both must agree. `operation` is what the key is wanted for.
    pub(crate) fn resolve(&self, wanted: Option<Algorithm>, operation: &str) -> Result<Algorithm, KeyError> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(KeyError::WrongUse);
        }
        if let Some(operations) = &self.operations
            && !operations.iter().any(|named| named == operation)
        {
            return Err(KeyError::WrongUse);
        }
        let own = match &self.algorithm {
            Some(name) => Some(Algorithm::from_name(name).ok_or(KeyError::UnsupportedAlgorithm)?),
            None => None,
        };
        match (own, wanted) {
            (Some(own), Some(wanted)) if own != wanted => Err(KeyError::AlgorithmMismatch),
            (Some(algorithm), _) | (None, Some(algorithm)) => Ok(algorithm),
            (None, None) => Err(KeyError::AlgorithmMissing),
        }
    }
}

/// A member that must be a string.
pub(crate) fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, KeyError> {
    match members.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(KeyError::Malformed(name)),
        None => Err(KeyError::Missing(name)),
    }
}

fn optional_text(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, KeyError> {
    match text(members, name) {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(KeyError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn operations(members: &Map<String, Value>) -> Result<Option<Vec<String>>, KeyError> {
    let malformed = KeyError::Malformed("key_ops");
    let Some(value) = members.get("key_ops") else {
        return Ok(None);
    };
    let mut operations: Vec<String> = Vec::new();
    for element in value.as_array().ok_or(malformed)? {
        let operation = element.as_str().ok_or(malformed)?;
        // RFC 7517 section 4.3: duplicates must not be present.
        if operations.iter().any(|known| known == operation) {
            return Err(malformed);
        }
        operations.push(operation.to_owned());
    }
    Ok(Some(operations))
}
