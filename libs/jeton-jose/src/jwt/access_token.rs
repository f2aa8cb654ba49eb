use crate::error::TokenError;
use crate::jwt::audience::Audience;
use crate::jwt::date::DateSeed;
use crate::jwt::reading::{self, ClaimSource, TakeClaim, Taken};
use serde::Serialize;
use serde::de::MapAccess;
use serde_json::{Map, Value};

/// The claims of an access token (RFC 9068 section 2.2), with those that Jeton adds. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccessTokenClaims {
    /// `iss`: who issued it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// `sub`: who acts; the client itself where no person takes part.
    #[serde(rename = "sub")]
    pub subject: String,
    /// `aud`: whom it is meant for.
    #[serde(rename = "aud")]
    pub audience: Audience,
    /// `client_id`: which client asked for it (RFC 8693 section 4.3).
    pub client_id: String,
    /// `iat`: when it was issued.
    #[serde(rename = "iat")]
    pub issued_at: i64,
    /// `exp`: from when on it is dead.
    #[serde(rename = "exp")]
    pub expires_at: i64,
    /// `nbf`: from when on it may be used.
    #[serde(rename = "nbf", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// `jti`: its identity. Revocations name it, never a signature or a spelling.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// `scope`: names separated by spaces (RFC 8693 section 4.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `sid`: the session it belongs to.
    #[serde(rename = "sid", skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// `gid`: the grant it belongs to.
    #[serde(rename = "gid", skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// `auth_time`: when the person last signed in.
    #[serde(rename = "auth_time", skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<i64>,
    /// `acr`: how surely.
    #[serde(rename = "acr", skip_serializing_if = "Option::is_none")]
    pub authentication_class: Option<String>,
    /// `amr`: by what means (RFC 8176).
    #[serde(rename = "amr", skip_serializing_if = "Option::is_none")]
    pub authentication_methods: Option<Vec<String>>,
    /// `cnf`: the key its holder must prove to have (RFC 7800).
    #[serde(rename = "cnf", skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Map<String, Value>>,
    /// `act`: who acts on behalf of the subject (RFC 8693 section 4.1).
    #[serde(rename = "act", skip_serializing_if = "Option::is_none")]
    pub actor: Option<Map<String, Value>>,
    /// `ver`: the version of this set of claims. Whoever relies on it refuses versions it does not know.
    #[serde(rename = "ver", skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Every other claim.
    #[serde(flatten, skip_serializing_if = "Map::is_empty")]
    pub additional: Map<String, Value>,
}

impl AccessTokenClaims {
    /// Reads claims and judges only their presence and form; [`crate::jwt::Validation`] judges the rest.
    ///
    /// # Errors
    /// [`TokenError::PayloadJson`], [`TokenError::ClaimMissing`] or [`TokenError::ClaimMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        reading::read::<Partial>(payload)?.complete()
    }

    /// Writes the claims as the payload of a token.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(384);
        // Writing into memory cannot fail, and no key of these maps is anything but a string.
        let written = serde_json::to_writer(&mut payload, self);
        debug_assert!(written.is_ok(), "claims are always writable");
        payload
    }

    /// Whether a claim of that name is there.
    #[must_use]
    pub fn contains(&self, claim: &str) -> bool {
        match claim {
            "iss" | "sub" | "aud" | "client_id" | "iat" | "exp" | "jti" => true,
            "nbf" => self.not_before.is_some(),
            "scope" => self.scope.is_some(),
            "sid" => self.session_id.is_some(),
            "gid" => self.grant_id.is_some(),
            "auth_time" => self.authenticated_at.is_some(),
            "acr" => self.authentication_class.is_some(),
            "amr" => self.authentication_methods.is_some(),
            "cnf" => self.confirmation.is_some(),
            "act" => self.actor.is_some(),
            "ver" => self.version.is_some(),
            other => self.additional.contains_key(other),
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Partial {
    issuer: Option<String>,
    subject: Option<String>,
    audience: Option<Audience>,
    client_id: Option<String>,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    not_before: Option<i64>,
    token_id: Option<String>,
    scope: Option<String>,
    session_id: Option<String>,
    grant_id: Option<String>,
    authenticated_at: Option<i64>,
    authentication_class: Option<String>,
    authentication_methods: Option<Vec<String>>,
    confirmation: Option<Map<String, Value>>,
    actor: Option<Map<String, Value>>,
    version: Option<u32>,
    additional: Map<String, Value>,
}

impl TakeClaim for Partial {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, source: &mut ClaimSource<'_, A>) -> Result<Taken, A::Error> {
        // As bytes: texts would be compared with one name after the other.
        match name.as_bytes() {
            b"iss" => source.text("iss", &mut self.issuer),
            b"sub" => source.text("sub", &mut self.subject),
            b"aud" => source.audience(&mut self.audience),
            b"client_id" => source.text("client_id", &mut self.client_id),
            b"iat" => source.date("iat", &mut self.issued_at, DateSeed::Down),
            b"exp" => source.date("exp", &mut self.expires_at, DateSeed::Down),
            b"nbf" => source.date("nbf", &mut self.not_before, DateSeed::Up),
            b"jti" => source.text("jti", &mut self.token_id),
            b"scope" => source.text("scope", &mut self.scope),
            b"sid" => source.text("sid", &mut self.session_id),
            b"gid" => source.text("gid", &mut self.grant_id),
            b"auth_time" => source.date("auth_time", &mut self.authenticated_at, DateSeed::Down),
            b"acr" => source.text("acr", &mut self.authentication_class),
            b"amr" => source.texts("amr", &mut self.authentication_methods),
            b"cnf" => source.object("cnf", &mut self.confirmation),
            b"act" => source.object("act", &mut self.actor),
            b"ver" => source.number("ver", &mut self.version),
            _ => Ok(Taken::No),
        }
    }

    fn additional(&mut self) -> &mut Map<String, Value> {
        &mut self.additional
    }
}

impl Partial {
    fn complete(self) -> Result<AccessTokenClaims, TokenError> {
        let missing = |claim: &str| TokenError::ClaimMissing(claim.into());
        Ok(AccessTokenClaims {
            issuer: self.issuer.ok_or_else(|| missing("iss"))?,
            subject: self.subject.ok_or_else(|| missing("sub"))?,
            audience: self.audience.ok_or_else(|| missing("aud"))?,
            client_id: self.client_id.ok_or_else(|| missing("client_id"))?,
            issued_at: self.issued_at.ok_or_else(|| missing("iat"))?,
            expires_at: self.expires_at.ok_or_else(|| missing("exp"))?,
            not_before: self.not_before,
            token_id: self.token_id.ok_or_else(|| missing("jti"))?,
            scope: self.scope,
            session_id: self.session_id,
            grant_id: self.grant_id,
            authenticated_at: self.authenticated_at,
            authentication_class: self.authentication_class,
            authentication_methods: self.authentication_methods,
            confirmation: self.confirmation,
            actor: self.actor,
            version: self.version,
            additional: self.additional,
        })
    }
}
