//! Bearer tokens in requests, and the challenges that ask for them (RFC 6750).

use std::fmt;

use crate::error::Description;
use crate::form::Form;
use crate::scope::ScopeSet;

/// The longest token that is read from a header, in bytes.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The token of a request: text of the characters a bearer token may hold. Not printed by `Debug`.
#[derive(Clone, Copy)]
pub struct BearerToken<'h>(&'h str);

impl<'h> BearerToken<'h> {
    /// Reads the values of all `Authorization` headers of a request (RFC 6750 section 2.1).
    ///
    /// # Errors
    /// There is none, more than one, or no well-formed token in it.
    pub fn parse(authorization: impl IntoIterator<Item = &'h [u8]>) -> Result<Self, NoBearerToken> {
        let mut headers = authorization.into_iter();
        let header = headers.next().ok_or(NoBearerToken::Absent)?;
        if headers.next().is_some() {
            return Err(NoBearerToken::Repeated);
        }
        let (scheme, token) = header.iter().position(|byte| *byte == b' ').map_or((header, &[][..]), |end| header.split_at(end));
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            return Err(NoBearerToken::Absent);
        }
        let token = token.trim_ascii();
        if token.len() > MAX_TOKEN_LEN || !is_token68(token) {
            return Err(NoBearerToken::Malformed);
        }
        std::str::from_utf8(token).map(Self).map_err(|_| NoBearerToken::Malformed)
    }

    /// Reads a request that may have its token in a form instead, as `access_token` (RFC 6750 section 2.2).
    ///
    /// # Errors
    /// As for [`BearerToken::parse`]; a token in both places is one too many.
    pub fn parse_either(authorization: impl IntoIterator<Item = &'h [u8]>, form: &'h Form<'_>) -> Result<Self, NoBearerToken> {
        let in_header = Self::parse(authorization);
        match form.get("access_token") {
            None => in_header,
            Some(_) if !matches!(in_header, Err(NoBearerToken::Absent)) => Err(NoBearerToken::Repeated),
            Some(text) if text.len() > MAX_TOKEN_LEN || !is_token68(text.as_bytes()) => Err(NoBearerToken::Malformed),
            Some(text) => Ok(Self(text)),
        }
    }

    /// The token's text. Not for logs, errors or anything stored.
    #[must_use]
    pub const fn expose(self) -> &'h str {
        self.0
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 section 2.1).
fn is_token68(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let (text, _) = token.split_at(token.len() - padding);
    let may_stand = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    !text.is_empty() && text.iter().all(may_stand)
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}

/// Why a request has no usable bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBearerToken {
    /// No `Authorization` header, or one of another scheme: challenge without an error code (RFC 6750 section 3.1).
    Absent,
    /// Two headers, or a header and a form: `invalid_request`.
    Repeated,
    /// Empty, too long or of characters that no token holds: `invalid_request`.
    Malformed,
}

impl NoBearerToken {
    /// The error code of the challenge, if one belongs there.
    #[must_use]
    pub const fn error(self) -> Option<BearerError> {
        match self {
            Self::Absent => None,
            Self::Repeated | Self::Malformed => Some(BearerError::InvalidRequest),
        }
    }
}

impl fmt::Display for NoBearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "the request has no bearer token",
            Self::Repeated => "the request has more than one bearer token",
            Self::Malformed => "the bearer token is malformed",
        })
    }
}

impl std::error::Error for NoBearerToken {}

/// Why a token was refused (RFC 6750 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BearerError {
    /// The request is malformed: 400.
    InvalidRequest,
    /// The token is expired, revoked or wrong: 401.
    InvalidToken,
    /// The token may not do this: 403.
    InsufficientScope,
    /// The person did not prove who they are strongly or recently enough: 401 (RFC 9470 section 3).
    InsufficientUserAuthentication,
}

impl BearerError {
    /// The code as it stands in the challenge.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }
}

/// The value of `WWW-Authenticate` (RFC 6750 section 3). `Display` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BearerChallenge<'c> {
    /// What is protected.
    pub realm: Option<Description>,
    /// What was wrong with the token, if there was one.
    pub error: Option<BearerError>,
    /// A sentence that helps whoever wrote the client.
    pub description: Option<Description>,
    /// What the request needs.
    pub scope: Option<&'c ScopeSet>,
    /// How strongly the person should prove who they are, best first, separated by spaces (RFC 9470 section 3).
    pub acr_values: Option<Description>,
    /// How long ago they may have done so at most, in seconds.
    pub max_age_seconds: Option<u32>,
    /// Where the resource describes itself (RFC 9728 section 5.1).
    pub resource_metadata: Option<Description>,
}

impl fmt::Display for BearerChallenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max_age = self.max_age_seconds.map(|seconds| seconds.to_string());
        let members = [
            ("realm", self.realm.as_ref().map(Description::as_str)),
            ("error", self.error.map(BearerError::as_str)),
            ("error_description", self.description.as_ref().map(Description::as_str)),
            ("scope", self.scope.map(ScopeSet::as_str)),
            ("acr_values", self.acr_values.as_ref().map(Description::as_str)),
            ("max_age", max_age.as_deref()),
            ("resource_metadata", self.resource_metadata.as_ref().map(Description::as_str)),
        ];
        f.write_str("Bearer")?;
        let mut separator = " ";
        for (name, value) in members {
            let Some(value) = value else { continue };
            // None of these texts can hold a quote or a backslash.
            write!(f, "{separator}{name}=\"{value}\"")?;
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(headers: &[&[u8]], expected: Result<&str, NoBearerToken>) {
            assert_eq!(BearerToken::parse(headers.iter().copied()).map(BearerToken::expose), expected, "{headers:?}");
        }
        check(&[b"Bearer jtn_at_0"], Ok("jtn_at_0"));
        check(&[b"bearer a.b-c~d+e/f=="], Ok("a.b-c~d+e/f=="));
        check(&[b"BEARER   x  "], Ok("x"));
        check(&[], Err(NoBearerToken::Absent));
        check(&[b""], Err(NoBearerToken::Absent));
        check(&[b"Basic YQ=="], Err(NoBearerToken::Absent));
        check(&[b"Bearerx y"], Err(NoBearerToken::Absent));
        check(&[b"Bearer"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer "], Err(NoBearerToken::Malformed));
        check(&[b"Bearer a b"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer a,b"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer =="], Err(NoBearerToken::Malformed));
        check(&[b"Bearer a=b"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer \xc3\xa9"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer a\0"], Err(NoBearerToken::Malformed));
        check(&[b"Bearer a", b"Bearer a"], Err(NoBearerToken::Repeated));
        check(&[b"Basic a", b"Bearer a"], Err(NoBearerToken::Repeated));
        check(&[&[b"Bearer ".as_slice(), &[b'a'; MAX_TOKEN_LEN + 1]].concat()], Err(NoBearerToken::Malformed));
    }

    #[test]
    fn parses_forms() {
        fn check(headers: &[&[u8]], form: &str, expected: Result<&str, NoBearerToken>) {
            let form = Form::parse(form.as_bytes()).unwrap();
            let token = BearerToken::parse_either(headers.iter().copied(), &form);
            assert_eq!(token.map(BearerToken::expose), expected, "{headers:?}");
        }
        check(&[], "access_token=a.b", Ok("a.b"));
        check(&[b"Bearer a"], "", Ok("a"));
        check(&[b"Bearer a"], "access_token=", Ok("a"));
        check(&[b"Basic a"], "access_token=b", Ok("b"));
        check(&[b"Bearer a"], "access_token=a", Err(NoBearerToken::Repeated));
        check(&[b"Bearer a,b"], "access_token=a", Err(NoBearerToken::Repeated));
        check(&[], "access_token=a+b", Err(NoBearerToken::Malformed));
        check(&[], "token=a", Err(NoBearerToken::Absent));
    }

    #[test]
    fn challenges() {
        fn check(challenge: &BearerChallenge<'_>, expected: &str) {
            assert_eq!(challenge.to_string(), expected);
        }
        let scope = ScopeSet::parse("orders:read orders:write").unwrap();
        check(&BearerChallenge::default(), "Bearer");
        check(&BearerChallenge { realm: Some(Description::new("orders")), ..BearerChallenge::default() }, r#"Bearer realm="orders""#);
        check(
            &BearerChallenge {
                realm: Some(Description::new("a \"b\"\r\n")),
                error: Some(BearerError::InsufficientScope),
                description: Some(Description::new("more is needed")),
                scope: Some(&scope),
                resource_metadata: Some(Description::new("https://orders.example/.well-known/oauth-protected-resource")),
                ..BearerChallenge::default()
            },
            "Bearer realm=\"a 'b'??\", error=\"insufficient_scope\", error_description=\"more is needed\", \
             scope=\"orders:read orders:write\", resource_metadata=\"https://orders.example/.well-known/oauth-protected-resource\"",
        );
    }

    /// The challenge of RFC 9470 section 3, with a realm.
    #[test]
    fn a_challenge_asks_for_a_stronger_proof() {
        let challenge = BearerChallenge {
            error: Some(BearerError::InsufficientUserAuthentication),
            acr_values: Some(Description::new("urn:jeton:2fa x")),
            max_age_seconds: Some(5),
            ..BearerChallenge::default()
        };
        let expected = r#"Bearer error="insufficient_user_authentication", acr_values="urn:jeton:2fa x", max_age="5""#;
        assert_eq!(challenge.to_string(), expected);
    }

    #[test]
    fn debug_shows_no_token() {
        assert!(!format!("{:?}", BearerToken::parse([b"Bearer hunter2".as_slice()]).unwrap()).contains("hunter2"));
    }
}
