use crate::error::KeyError;
use crate::json::{self, Limits};
use crate::jwk::public::Jwk;
use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use serde_json::{Map, Value};

/// Most bytes of a JWK Set as text.
pub const MAX_JWK_SET_BYTES: usize = 64 * 1024;
/// Most keys in a set.
pub const MAX_KEYS: usize = 100;

/// A JWK Set (RFC 7517 section 5) of public keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    ignored: Vec<IgnoredKey>,
}

/// A key of a set that cannot be used here: RFC 7517 section 5 asks to ignore it rather than to refuse the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredKey {
    /// Its `kid`, if it has a readable one.
    pub key_id: Option<String>,
    /// Why it cannot be used.
    pub reason: KeyError,
}

impl JwkSet {
    /// A set of these keys, for publishing.
    #[must_use]
    pub const fn new(keys: Vec<Jwk>) -> Self {
        Self { keys, ignored: Vec::new() }
    }

    /// Reads a JWK Set.
    ///
    /// # Errors
    /// [`KeyError`] when it is not a set, over [`MAX_JWK_SET_BYTES`] or [`MAX_KEYS`], or when any key of it carries a private member.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        const LIMITS: Limits = Limits { length_bytes: MAX_JWK_SET_BYTES, depth: 10 };
        Self::from_members(&json::parse_object(text, LIMITS)?)
    }

    /// Reads a JWK Set from the members of an object that was parsed before.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let elements = match members.get("keys") {
            Some(Value::Array(elements)) => elements,
            Some(_) => return Err(KeyError::Malformed("keys")),
            None => return Err(KeyError::Missing("keys")),
        };
        if elements.len() > MAX_KEYS {
            return Err(KeyError::TooManyKeys);
        }
        let mut set = Self::default();
        for element in elements {
            let members = element.as_object().ok_or(KeyError::Malformed("keys"))?;
            match Jwk::from_members(members) {
                Ok(key) => set.keys.push(key),
                Err(reason @ KeyError::PrivateMember(_)) => return Err(reason),
                Err(reason) => {
                    set.ignored.push(IgnoredKey { key_id: members.get("kid").and_then(Value::as_str).map(str::to_owned), reason })
                }
            }
        }
        Ok(set)
    }

    /// The set as text, for publishing.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Writing into memory cannot fail, and every name in it is a string.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The keys that were understood.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys that were not.
    #[must_use]
    pub fn ignored(&self) -> &[IgnoredKey] {
        &self.ignored
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut set = serializer.serialize_struct("JwkSet", 1)?;
        set.serialize_field("keys", &self.keys)?;
        set.end()
    }
}
