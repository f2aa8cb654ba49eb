//! A token that was accepted.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "network")]
use jeton_jose::jwt::Claims;
use jeton_jose::jwt::{AccessTokenClaims, Times};
use jeton_oauth::ScopeSet;
use jeton_token::TokenId;
use serde_json::{Map, Value};

use crate::authentication::Authentication;
use crate::negatives::Described;
use crate::refused::Refused;

/// A token that was accepted, and what it says. Cheap to copy. Times are seconds since 1970.
#[derive(Clone, PartialEq)]
pub struct VerifiedToken(Arc<Parts>);

/// What differs from token to token; verifiers remember thousands.
#[derive(PartialEq)]
struct Parts {
    id: TokenId,
    issuer: Arc<str>,
    /// Where it is not the client itself.
    subject: Option<Box<str>>,
    client_id: Box<str>,
    scopes: ScopeSet,
    times: Times,
    issued_at: i64,
    session_id: Option<Box<str>>,
    grant_id: Option<Box<str>>,
    authenticated_at: Option<i64>,
    authentication_class: Option<Box<str>>,
    authentication_methods: Vec<String>,
    additional: Map<String, Value>,
    signing_key: Option<Arc<str>>,
    /// Whether it is of the issuer before this one.
    is_former: bool,
    /// Whether it is an API key or a personal access token.
    is_key: bool,
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
        self.0.subject.as_deref().unwrap_or(&self.0.client_id)
    }

    /// The client it was issued to. `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// Who issued it. `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Whether it would be refused here once it was revoked. `false`: it is of the [`FormerIssuer`](crate::FormerIssuer), whose revocations
    /// nobody hears of here; it passes until it expires, or until that issuer's date.
    #[must_use]
    pub fn is_revocation_watched(&self) -> bool {
        !self.0.is_former
    }

    /// Whether it is an API key or a personal access token, and not an access token: its [`id`](Self::id) is the key's.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.0.is_key
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

    /// Whether its person proved who they are as is needed here; `now_seconds` is since 1970.
    ///
    /// # Errors
    /// [`Refused::InsufficientAuthentication`]: they did not, or it does not say. Its challenge tells the application what to ask for.
    pub fn require_authentication(&self, needed: &Authentication, now_seconds: i64) -> Result<(), Refused> {
        let is_met = needed.is_met_by(self.authentication_class(), self.authenticated_at_seconds(), now_seconds);
        if is_met { Ok(()) } else { Err(Refused::InsufficientAuthentication(needed.clone())) }
    }

    /// When it was issued. `iat`.
    #[must_use]
    pub fn issued_at_seconds(&self) -> i64 {
        self.0.issued_at
    }

    /// From when on it is dead. `exp`.
    #[must_use]
    pub fn expires_at_seconds(&self) -> i64 {
        self.0.times.expires_at
    }

    /// The session it belongs to. `sid`.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id.as_deref()
    }

    /// The grant it belongs to. `gid`.
    #[must_use]
    pub fn grant_id(&self) -> Option<&str> {
        self.0.grant_id.as_deref()
    }

    /// When the person last signed in. `auth_time`.
    #[must_use]
    pub fn authenticated_at_seconds(&self) -> Option<i64> {
        self.0.authenticated_at
    }

    /// How surely. `acr`.
    #[must_use]
    pub fn authentication_class(&self) -> Option<&str> {
        self.0.authentication_class.as_deref()
    }

    /// By what means. `amr`.
    #[must_use]
    pub fn authentication_methods(&self) -> &[String] {
        &self.0.authentication_methods
    }

    /// A claim that has no accessor of its own.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.additional.get(name)
    }

    /// Makes a token of claims that were checked: their issuer is this one.
    pub(crate) fn new(claims: AccessTokenClaims, issuer: &Arc<str>, signing_key: Option<&Arc<str>>) -> Result<Self, Refused> {
        // What has no such id could not be revoked.
        let id = TokenId::parse(&claims.token_id).map_err(|_| Refused::malformed_claim("jti"))?;
        let scopes = match claims.scope.as_deref() {
            Some(text) => ScopeSet::parse(text).map_err(|_| Refused::malformed_claim("scope"))?,
            None => ScopeSet::empty(),
        };
        if claims.confirmation.is_some() {
            return Err(Refused::Bound);
        }
        Ok(Self(Arc::new(Parts {
            id,
            issuer: issuer.clone(),
            subject: Some(claims.subject).filter(|subject| *subject != claims.client_id).map(Into::into),
            client_id: claims.client_id.into(),
            scopes,
            times: Times { issued_at: Some(claims.issued_at), not_before: claims.not_before, expires_at: claims.expires_at },
            issued_at: claims.issued_at,
            session_id: claims.session_id.map(Into::into),
            grant_id: claims.grant_id.map(Into::into),
            authenticated_at: claims.authenticated_at,
            authentication_class: claims.authentication_class.map(Into::into),
            authentication_methods: claims.authentication_methods.unwrap_or_default(),
            additional: claims.additional,
            signing_key: signing_key.cloned(),
            is_former: false,
            is_key: false,
        })))
    }

    /// The same, of a key. For one that nobody else has yet.
    #[cfg(feature = "network")]
    pub(crate) fn of_key(mut self) -> Self {
        if let Some(parts) = Arc::get_mut(&mut self.0) {
            parts.is_key = true;
        }
        self
    }

    /// Makes a token of checked claims of the issuer before this one, whose ids have forms of their own: it goes by another.
    #[cfg(feature = "network")]
    pub(crate) fn former(claims: Claims, times: Times, id: TokenId, issuer: &Arc<str>) -> Result<Self, Refused> {
        let Claims { subject, token_id, mut additional, .. } = claims;
        if additional.contains_key("cnf") {
            return Err(Refused::Bound);
        }
        let scopes = former_scopes(&additional)?;
        let text = |name: &str| additional.get(name).and_then(Value::as_str);
        // RFC 9068 and its predecessors in use: Auth0 and Keycloak write `azp`, Microsoft `appid` and Okta `cid`.
        let client = ["client_id", "azp", "appid", "cid"].into_iter().find_map(text).or(subject.as_deref());
        let client_id: Box<str> = client.unwrap_or_default().into();
        additional.extend(token_id.map(|id| ("jti".to_owned(), Value::from(id))));
        Ok(Self(Arc::new(Parts {
            id,
            issuer: issuer.clone(),
            subject: subject.filter(|subject| **subject != *client_id).map(Into::into),
            client_id,
            scopes,
            times,
            issued_at: times.issued_at.unwrap_or_default(),
            session_id: None,
            grant_id: None,
            authenticated_at: None,
            authentication_class: None,
            authentication_methods: Vec::new(),
            additional,
            signing_key: None,
            is_former: true,
            is_key: false,
        })))
    }

    pub(crate) fn times(&self) -> Times {
        self.0.times
    }

    /// What negatives can name, seen by the API of this audience.
    pub(crate) fn described<'a>(&'a self, audience: &'a str) -> Described<'a> {
        Described {
            token: self.0.id.to_bytes(),
            issued_at: self.0.issued_at,
            client: &self.0.client_id,
            audience,
            // A client that acts for itself is its own subject, and no person.
            user: self.0.subject.as_deref(),
            session: self.session_id(),
            family: self.grant_id(),
            signing_key: self.0.signing_key.as_deref(),
        }
    }
}

/// The scopes of a foreign token: `scope` as RFC 9068 has it, or `scp`, as a text or a list.
#[cfg(feature = "network")]
fn former_scopes(claims: &Map<String, Value>) -> Result<ScopeSet, Refused> {
    let malformed = || Refused::malformed_claim("scope");
    let told = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name)).find(|told| !told.is_null());
    let text = match told {
        None => return Ok(ScopeSet::empty()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(names)) => {
            let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            names.ok_or_else(malformed)?.join(" ")
        }
        Some(_) => return Err(malformed()),
    };
    ScopeSet::parse(&text).map_err(|_| malformed())
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("id", &self.0.id)
            .field("client_id", &self.client_id())
            .field("subject", &self.subject())
            .field("scopes", &self.0.scopes)
            .finish_non_exhaustive()
    }
}
