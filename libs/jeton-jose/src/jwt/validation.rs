use crate::error::TokenError;
use crate::jwk::VerifyingKeys;
use crate::jws::{self, MAX_TOKEN_BYTES, Verified};
use crate::jwt::access_token::AccessTokenClaims;
use crate::jwt::audience::Audience;
use crate::jwt::claims::Claims;

/// What a token must be to be accepted: made once, used for many tokens (RFC 7519 section 7.2, RFC 8725 sections 3.8 to 3.11, RFC 9068 section 4).
#[derive(Debug, Clone)]
pub struct Validation {
    /// `iss`, exactly.
    pub issuer: String,
    /// `sub`, exactly, where the caller knows whom the token must be about.
    pub subject: Option<String>,
    /// `aud` must name one of these.
    pub audiences: Vec<String>,
    /// Whether `aud` may name nobody else; client assertions demand it.
    pub sole_audience: bool,
    /// `typ`.
    pub token_type: TokenType,
    /// How far clocks may differ, in seconds, for `exp`, `nbf` and `iat`.
    pub leeway_seconds: u32,
    /// Claims that must be there beside `iss`, `aud` and `exp`.
    pub required: Vec<String>,
    /// Most bytes of a token.
    pub limit_bytes: usize,
}

/// The kinds of token that must not be taken for one another (RFC 8725 section 3.11). Compared exactly, case included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenType {
    /// `at+jwt` or `application/at+jwt` (RFC 9068 section 4).
    AccessToken,
    /// `client-authentication+jwt`, `JWT` or none at all: RFC 7523 asks for no type, and the clients in use send these.
    ClientAssertion,
    /// That type, with or without `application/` before it.
    Named(String),
}

impl TokenType {
    /// Whether a header of that `typ` is of this kind.
    #[must_use]
    pub fn matches(&self, token_type: Option<&str>) -> bool {
        let Some(found) = token_type else {
            return *self == Self::ClientAssertion;
        };
        let found = found.strip_prefix("application/").unwrap_or(found);
        match self {
            Self::AccessToken => found == "at+jwt",
            Self::ClientAssertion => matches!(found, "JWT" | "client-authentication+jwt"),
            Self::Named(name) => found == name,
        }
    }
}

impl Validation {
    /// Access tokens of that issuer for that audience, with no leeway.
    #[must_use]
    pub fn access_token(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            subject: None,
            audiences: vec![audience.into()],
            sole_audience: false,
            token_type: TokenType::AccessToken,
            leeway_seconds: 0,
            required: Vec::new(),
            limit_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// Client assertions (RFC 7523 section 3): issued by the client about itself, for us alone, with a `jti`; 10 seconds of leeway.
    #[must_use]
    pub fn client_assertion(client_id: impl Into<String>, our_issuer: impl Into<String>) -> Self {
        let client_id = client_id.into();
        Self {
            subject: Some(client_id.clone()),
            issuer: client_id,
            audiences: vec![our_issuer.into()],
            sole_audience: true,
            token_type: TokenType::ClientAssertion,
            leeway_seconds: 10,
            required: vec!["sub".to_owned(), "jti".to_owned()],
            limit_bytes: MAX_TOKEN_BYTES,
        }
    }

    /// Checks an access token from its bytes to its last claim.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first. `ver` is the caller's to judge.
    pub fn check_access_token(&self, token: &str, keys: &VerifyingKeys, now_seconds: i64) -> Result<AccessTokenClaims, TokenError> {
        let verified = self.check_signature(token, keys)?;
        let claims = AccessTokenClaims::parse(&verified.payload)?;
        self.check_access_claims(&claims, now_seconds)?;
        Ok(claims)
    }

    /// Checks any JWT from its bytes to its last claim.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first.
    pub fn check(&self, token: &str, keys: &VerifyingKeys, now_seconds: i64) -> Result<Claims, TokenError> {
        let verified = self.check_signature(token, keys)?;
        let claims = Claims::parse(&verified.payload)?;
        self.check_claims(&claims, now_seconds)?;
        Ok(claims)
    }

    /// Checks size, form, header, signature and `typ`, but no claims.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first.
    pub fn check_signature<'keys>(&self, token: &str, keys: &'keys VerifyingKeys) -> Result<Verified<'keys>, TokenError> {
        let verified = jws::verify(token, keys, self.limit_bytes)?;
        if !self.token_type.matches(verified.header.token_type.as_deref()) {
            return Err(TokenError::WrongType);
        }
        Ok(verified)
    }

    /// Checks the claims of a JWT whose signature was checked.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first.
    pub fn check_claims(&self, claims: &Claims, now_seconds: i64) -> Result<(), TokenError> {
        let missing = |claim: &str| TokenError::ClaimMissing(claim.into());
        if let Some(claim) = self.required.iter().find(|claim| !claims.contains(claim)) {
            return Err(missing(claim));
        }
        self.check_common(&Common {
            issuer: claims.issuer.as_deref().ok_or_else(|| missing("iss"))?,
            subject: claims.subject.as_deref(),
            audience: claims.audience.as_ref().ok_or_else(|| missing("aud"))?,
            times: Times {
                issued_at: claims.issued_at,
                not_before: claims.not_before,
                expires_at: claims.expires_at.ok_or_else(|| missing("exp"))?,
            },
            now_seconds,
        })
    }

    /// Checks the claims of an access token whose signature was checked, or which needs none because they were kept.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first.
    pub fn check_access_claims(&self, claims: &AccessTokenClaims, now_seconds: i64) -> Result<(), TokenError> {
        if let Some(claim) = self.required.iter().find(|claim| !claims.contains(claim)) {
            return Err(TokenError::ClaimMissing(claim.as_str().into()));
        }
        self.check_common(&Common {
            issuer: &claims.issuer,
            subject: Some(&claims.subject),
            audience: &claims.audience,
            times: Times { issued_at: Some(claims.issued_at), not_before: claims.not_before, expires_at: claims.expires_at },
            now_seconds,
        })
    }

    /// Checks whether it is a token's time: for one whose other claims were checked before.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong first.
    pub fn check_times(&self, times: Times, now_seconds: i64) -> Result<(), TokenError> {
        let leeway = i64::from(self.leeway_seconds);
        // RFC 7519 section 4.1.4: on or after exp the token is dead.
        if now_seconds >= times.expires_at.saturating_add(leeway) {
            return Err(TokenError::Expired);
        }
        let horizon = now_seconds.saturating_add(leeway);
        if times.not_before.is_some_and(|start| start > horizon) {
            return Err(TokenError::NotYetValid);
        }
        if times.issued_at.is_some_and(|issued| issued > horizon) {
            return Err(TokenError::IssuedInFuture);
        }
        Ok(())
    }

    fn check_common(&self, common: &Common<'_>) -> Result<(), TokenError> {
        if common.issuer != self.issuer {
            return Err(TokenError::WrongIssuer);
        }
        if self.subject.is_some() && common.subject != self.subject.as_deref() {
            return Err(TokenError::WrongSubject);
        }
        let named = self.audiences.iter().any(|audience| common.audience.contains(audience));
        if !named || (self.sole_audience && common.audience.names().len() != 1) {
            return Err(TokenError::WrongAudience);
        }
        self.check_times(common.times, common.now_seconds)
    }
}

/// The claims every kind of token is judged by.
struct Common<'a> {
    issuer: &'a str,
    subject: Option<&'a str>,
    audience: &'a Audience,
    times: Times,
    now_seconds: i64,
}

/// When a token is to be taken. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// `iat`: when it was issued.
    pub issued_at: Option<i64>,
    /// `nbf`: from when on it may be used.
    pub not_before: Option<i64>,
    /// `exp`: from when on it is dead.
    pub expires_at: i64,
}
