//! A token that was accepted.

use std::fmt;
use std::sync::Arc;

use jeton_jose::jwt::AccessTokenClaims;
use jeton_oauth::ScopeSet;
use jeton_token::TokenId;
use serde_json::Value;

use crate::negatives::Described;
use crate::refused::Refused;

/// A token that was accepted, and what it says. Cheap to copy. Times are seconds since 1970.
#[derive(Clone, PartialEq)]
pub struct VerifiedToken(Arc<Parts>);

#[derive(PartialEq)]
struct Parts {
    id: TokenId,
    claims: AccessTokenClaims,
    scopes: ScopeSet,
    signing_key: Option<Arc<str>>,
}

impl VerifiedToken {
    /// Its id, the `jti`: for logs and for revoking it.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.0.id
    }

    /// Whom it stands for: a person, or the client itself. `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.claims.subject
    }

    /// The client it was issued to. `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.claims.client_id
    }

    /// Who issued it. `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.claims.issuer
    }

    /// What it may do. `scope`.
    #[must_use]
    pub fn scopes(&self) -> &ScopeSet {
        &self.0.scopes
    }

    /// Whether it may do this.
    #[must_use]
    pub fn has_scope(&self, name: &str) -> bool {
        self.0.scopes.contains(name)
    }

    /// Whether it may do all of this.
    ///
    /// # Errors
    /// [`Refused::InsufficientScope`]: it may not.
    pub fn require(&self, scopes: &ScopeSet) -> Result<(), Refused> {
        if scopes.is_subset(&self.0.scopes) { Ok(()) } else { Err(Refused::InsufficientScope(scopes.clone())) }
    }

    /// When it was issued. `iat`.
    #[must_use]
    pub fn issued_at_seconds(&self) -> i64 {
        self.0.claims.issued_at
    }

    /// From when on it is dead. `exp`.
    #[must_use]
    pub fn expires_at_seconds(&self) -> i64 {
        self.0.claims.expires_at
    }

    /// The session it belongs to. `sid`.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.0.claims.session_id.as_deref()
    }

    /// The grant it belongs to. `gid`.
    #[must_use]
    pub fn grant_id(&self) -> Option<&str> {
        self.0.claims.grant_id.as_deref()
    }

    /// When the person last signed in. `auth_time`.
    #[must_use]
    pub fn authenticated_at_seconds(&self) -> Option<i64> {
        self.0.claims.authenticated_at
    }

    /// How surely. `acr`.
    #[must_use]
    pub fn authentication_class(&self) -> Option<&str> {
        self.0.claims.authentication_class.as_deref()
    }

    /// By what means. `amr`.
    #[must_use]
    pub fn authentication_methods(&self) -> &[String] {
        self.0.claims.authentication_methods.as_deref().unwrap_or_default()
    }

    /// A claim that has no accessor of its own.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.claims.additional.get(name)
    }

    /// Makes a token of claims whose form was checked.
    pub(crate) fn new(claims: AccessTokenClaims, signing_key: Option<&Arc<str>>) -> Result<Self, Refused> {
        // What has no such id could not be revoked.
        let id = TokenId::parse(&claims.token_id).map_err(|_| Refused::malformed_claim("jti"))?;
        let scopes = match claims.scope.as_deref() {
            Some(text) => ScopeSet::parse(text).map_err(|_| Refused::malformed_claim("scope"))?,
            None => ScopeSet::empty(),
        };
        if claims.confirmation.is_some() {
            return Err(Refused::Bound);
        }
        Ok(Self(Arc::new(Parts { id, claims, scopes, signing_key: signing_key.cloned() })))
    }

    pub(crate) fn claims(&self) -> &AccessTokenClaims {
        &self.0.claims
    }

    /// What negatives can name, seen by the API of this audience.
    pub(crate) fn described<'a>(&'a self, audience: &'a str) -> Described<'a> {
        let claims = &self.0.claims;
        Described {
            token: self.0.id.to_bytes(),
            issued_at: claims.issued_at,
            client: &claims.client_id,
            audience,
            // A client that acts for itself is its own subject, and no person.
            user: Some(claims.subject.as_str()).filter(|subject| *subject != claims.client_id),
            session: claims.session_id.as_deref(),
            family: claims.grant_id.as_deref(),
            signing_key: self.0.signing_key.as_deref(),
        }
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("id", &self.0.id)
            .field("client_id", &self.0.claims.client_id)
            .field("subject", &self.0.claims.subject)
            .field("scopes", &self.0.scopes)
            .finish_non_exhaustive()
    }
}
