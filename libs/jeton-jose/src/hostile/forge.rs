use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::KeyError;
use crate::jwk::{Jwk, SigningKey};
use crate::jwt::AccessTokenClaims;
use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

/// The genuine token and the tools to bend it.
pub(super) struct Forge<'a> {
    pub(super) key: &'a SigningKey,
    pub(super) jwk: Jwk,
    pub(super) now_seconds: i64,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

impl<'a> Forge<'a> {
    pub(super) fn new(key: &'a SigningKey, claims: &AccessTokenClaims, now_seconds: i64) -> Result<Self, KeyError> {
        let header = json!({"alg": key.algorithm().name(), "kid": key.key_id(), "typ": "at+jwt"});
        let claims = serde_json::to_value(claims).map_err(|_| KeyError::Unavailable)?;
        let mut forge = Self {
            key,
            jwk: key.to_jwk()?,
            now_seconds,
            header: header.as_object().cloned().unwrap_or_default(),
            claims: claims.as_object().cloned().unwrap_or_default(),
            signature: Vec::new(),
        };
        forge.signature = key.sign(unsigned(&forge.header(), &forge.payload()).as_bytes())?;
        Ok(forge)
    }

    pub(super) fn header(&self) -> Vec<u8> {
        text(&self.header)
    }

    pub(super) fn payload(&self) -> Vec<u8> {
        text(&self.claims)
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The genuine token.
    pub(super) fn genuine(&self) -> String {
        joined(&self.header(), &self.payload(), &self.signature)
    }

    /// The three segments of the genuine token.
    pub(super) fn segments(&self) -> [String; 3] {
        [base64url::encode(&self.header()), base64url::encode(&self.payload()), base64url::encode(&self.signature)]
    }

    pub(super) fn header_with(&self, name: &str, value: impl Into<Value>) -> Vec<u8> {
        text(&with(&self.header, name, value.into()))
    }

    pub(super) fn header_without(&self, name: &str) -> Vec<u8> {
        text(&without(&self.header, name))
    }

    pub(super) fn claims_with(&self, name: &str, value: impl Into<Value>) -> Vec<u8> {
        text(&with(&self.claims, name, value.into()))
    }

    pub(super) fn claims_without(&self, name: &str) -> Vec<u8> {
        text(&without(&self.claims, name))
    }

    pub(super) fn claim(&self, name: &str) -> String {
        self.claims.get(name).map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// A token our key has signed, whatever it says.
    pub(super) fn signed(&self, header: &[u8], payload: &[u8]) -> Result<String, KeyError> {
        signed_by(self.key, header, payload)
    }

    /// The public key as text, as an attacker would take it from the published set.
    pub(super) fn jwk_text(&self) -> Vec<u8> {
        self.jwk.to_json().into_bytes()
    }
}

pub(super) fn signed_by(key: &SigningKey, header: &[u8], payload: &[u8]) -> Result<String, KeyError> {
    let signature = key.sign(unsigned(header, payload).as_bytes())?;
    Ok(joined(header, payload, &signature))
}

/// A token with an HMAC tag over any secret, however weak.
pub(super) fn tagged(algorithm: Algorithm, secret: &[u8], header: &[u8], payload: &[u8]) -> String {
    let digest = match algorithm {
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(digest, secret), unsigned(header, payload).as_bytes());
    joined(header, payload, tag.as_ref())
}

pub(super) fn joined(header: &[u8], payload: &[u8], signature: &[u8]) -> String {
    format!("{}.{}", unsigned(header, payload), base64url::encode(signature))
}

fn unsigned(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}", base64url::encode(header), base64url::encode(payload))
}

fn with(members: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut members = members.clone();
    members.insert(name.to_owned(), value);
    members
}

fn without(members: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let mut members = members.clone();
    members.remove(name);
    members
}

fn text(members: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(members).unwrap_or_default()
}
