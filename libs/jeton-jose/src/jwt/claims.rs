use crate::error::TokenError;
use crate::jwt::audience::Audience;
use crate::jwt::date::DateSeed;
use crate::jwt::reading::{self, ClaimSource, TakeClaim, Taken};
use serde::Serialize;
use serde::de::MapAccess;
use serde_json::{Map, Value};

/// The registered claims of any JWT (RFC 7519 section 4.1), each as it may be absent. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Claims {
    /// `iss`: who issued it.
    #[serde(rename = "iss", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `sub`: whom it is about.
    #[serde(rename = "sub", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `aud`: whom it is meant for.
    #[serde(rename = "aud", skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// `exp`: from when on it is dead.
    #[serde(rename = "exp", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// `nbf`: from when on it may be used.
    #[serde(rename = "nbf", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// `iat`: when it was issued.
    #[serde(rename = "iat", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<i64>,
    /// `jti`: its identity.
    #[serde(rename = "jti", skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// Every other claim.
    #[serde(flatten)]
    pub additional: Map<String, Value>,
}

impl Claims {
    /// Reads claims and judges only their form; [`crate::jwt::Validation`] judges the rest.
    ///
    /// # Errors
    /// [`TokenError::PayloadJson`] or [`TokenError::ClaimMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        reading::read(payload)
    }

    /// Writes the claims as the payload of a token.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(256);
        // Writing into memory cannot fail, and no key of this map is anything but a string.
        let written = serde_json::to_writer(&mut payload, self);
        debug_assert!(written.is_ok(), "claims are always writable");
        payload
    }

    /// Whether a claim of that name is there.
    #[must_use]
    pub fn contains(&self, claim: &str) -> bool {
        match claim {
            "iss" => self.issuer.is_some(),
            "sub" => self.subject.is_some(),
            "aud" => self.audience.is_some(),
            "exp" => self.expires_at.is_some(),
            "nbf" => self.not_before.is_some(),
            "iat" => self.issued_at.is_some(),
            "jti" => self.token_id.is_some(),
            other => self.additional.contains_key(other),
        }
    }
}

impl TakeClaim for Claims {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, source: &mut ClaimSource<'_, A>) -> Result<Taken, A::Error> {
        match name {
            "iss" => source.text("iss", &mut self.issuer),
            "sub" => source.text("sub", &mut self.subject),
            "aud" => source.audience(&mut self.audience),
            "exp" => source.date("exp", &mut self.expires_at, DateSeed::Down),
            "nbf" => source.date("nbf", &mut self.not_before, DateSeed::Up),
            "iat" => source.date("iat", &mut self.issued_at, DateSeed::Down),
            "jti" => source.text("jti", &mut self.token_id),
            _ => Ok(Taken::No),
        }
    }

    fn additional(&mut self) -> &mut Map<String, Value> {
        &mut self.additional
    }
}
