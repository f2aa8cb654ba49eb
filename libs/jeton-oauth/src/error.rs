//! Error responses of OAuth endpoints (RFC 6749 sections 4.1.2.1 and 5.2).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::json;

/// What went wrong, as a client can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A parameter is missing, repeated or malformed (RFC 6749 section 5.2).
    InvalidRequest,
    /// The client is unknown or did not prove itself (RFC 6749 section 5.2).
    InvalidClient,
    /// The code, refresh token or assertion is not valid for this client (RFC 6749 section 5.2).
    InvalidGrant,
    /// The client may not use this grant type or endpoint (RFC 6749 section 5.2).
    UnauthorizedClient,
    /// The server does not know the grant type (RFC 6749 section 5.2).
    UnsupportedGrantType,
    /// A scope is unknown, malformed or more than may be granted (RFC 6749 section 5.2).
    InvalidScope,
    /// The resource is unknown or malformed (RFC 8707 section 2).
    InvalidTarget,
    /// The server cannot revoke tokens of this type (RFC 7009 section 2.2.1).
    UnsupportedTokenType,
    /// The server cannot answer just now (RFC 6749 section 4.1.2.1).
    TemporarilyUnavailable,
    /// The server failed (RFC 6749 section 4.1.2.1).
    ServerError,
    /// The person, or a rule, said no (RFC 6749 section 4.1.2.1).
    AccessDenied,
    /// The server does not know the response type (RFC 6749 section 4.1.2.1).
    UnsupportedResponseType,
    /// Nobody is signed in, and no page may be shown (OpenID Connect Core 1.0 section 3.1.2.6).
    LoginRequired,
    /// The person must be asked, and no page may be shown (OpenID Connect Core 1.0 section 3.1.2.6).
    ConsentRequired,
    /// Something else needs a page, and none may be shown (OpenID Connect Core 1.0 section 3.1.2.6).
    InteractionRequired,
    /// Request objects are not offered (OpenID Connect Core 1.0 section 3.1.2.6).
    RequestNotSupported,
    /// `request_uri` is not offered (OpenID Connect Core 1.0 section 3.1.2.6).
    RequestUriNotSupported,
    /// `registration` is not offered (OpenID Connect Core 1.0 section 3.1.2.6).
    RegistrationNotSupported,
    /// The person cannot sign in as strongly as is asked (OpenID Connect, Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements,
    /// Nobody said yes or no yet: ask again after the interval (RFC 8628 section 3.5).
    AuthorizationPending,
    /// The same, and the interval is five seconds longer from now on (RFC 8628 section 3.5).
    SlowDown,
    /// Nobody said yes in time: begin again (RFC 8628 section 3.5).
    ExpiredToken,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 22] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::UnsupportedTokenType,
        Self::TemporarilyUnavailable,
        Self::ServerError,
        Self::AccessDenied,
        Self::UnsupportedResponseType,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::UnmetAuthenticationRequirements,
        Self::AuthorizationPending,
        Self::SlowDown,
        Self::ExpiredToken,
    ];

    /// The code as it stands in a response.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
        }
    }

    /// Reads a code as it stands in a response.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text for the developer of a client, of the characters that `error_description` may hold: `%x20-21 / %x23-5B / %x5D-7E`
/// (RFC 6749 section 5.2). Neither JSON nor a quoted header value needs to escape it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(Cow<'static, str>);

impl Description {
    /// The most bytes a description keeps.
    pub const MAX_LEN: usize = 512;

    /// Makes a description: double quotes become single ones, other characters that may not stand become `?`, the end is cut off.
    #[must_use]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        if text.len() <= Self::MAX_LEN && text.bytes().all(may_stand) {
            return Self(text);
        }
        let replace = |character: char| match character {
            '"' => '\'',
            other if u8::try_from(other).is_ok_and(may_stand) => other,
            _ => '?',
        };
        Self(Cow::Owned(text.chars().take(Self::MAX_LEN).map(replace).collect()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn may_stand(byte: u8) -> bool {
    matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The body of an error response (RFC 6749 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    /// What went wrong.
    pub code: ErrorCode,
    /// A sentence that helps whoever wrote the client.
    pub description: Option<Description>,
}

impl ErrorResponse {
    /// An error with a sentence that helps.
    #[must_use]
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: Some(Description::new(description)) }
    }

    /// `invalid_request` with a sentence that helps.
    #[must_use]
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_client` with a sentence that helps.
    #[must_use]
    pub fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + Description::MAX_LEN / 4);
        out.extend_from_slice(b"{\"error\":");
        json::push_string(self.code.as_str(), &mut out);
        if let Some(description) = &self.description {
            out.extend_from_slice(b",\"error_description\":");
            json::push_string(description.as_str(), &mut out);
        }
        out.push(b'}');
        out
    }

    /// Reads the body of an error response, at most 64 KiB of it. A code that is not known here makes it `None`.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            error: String,
            error_description: Option<String>,
        }
        if body.len() > 64 * 1024 {
            return None;
        }
        let wire: Wire = serde_json::from_slice(body).ok()?;
        Some(Self { code: ErrorCode::parse(&wire.error)?, description: wire.error_description.map(Description::new) })
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for ErrorResponse {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(ErrorCode::parse("INVALID_REQUEST"), None);
        assert_eq!(ErrorCode::parse(""), None);
    }

    #[test]
    fn descriptions_hold_only_what_may_stand() {
        fn check(text: &'static str, expected: &str) {
            assert_eq!(Description::new(text).as_str(), expected);
        }
        check("plain text, [brackets] ~!", "plain text, [brackets] ~!");
        check("a \"quoted\" word", "a 'quoted' word");
        check("back\\slash", "back?slash");
        check("two\r\nlines\t\0", "two??lines??");
        check("é😀\u{7f}", "???");
        check("", "");
        assert_eq!(Description::new("a".repeat(9_000)).as_str().len(), 512);
        assert_eq!(Description::new("é".repeat(9_000)).as_str(), "?".repeat(512));
    }

    #[test]
    fn prints_and_parses() {
        fn check(response: &ErrorResponse, expected: &str) {
            assert_eq!(String::from_utf8(response.to_json()).unwrap(), expected);
            assert_eq!(ErrorResponse::parse(expected.as_bytes()).as_ref(), Some(response));
        }
        check(&ErrorResponse { code: ErrorCode::ServerError, description: None }, r#"{"error":"server_error"}"#);
        check(
            &ErrorResponse::invalid_request("grant_type is missing"),
            r#"{"error":"invalid_request","error_description":"grant_type is missing"}"#,
        );
        for bad in ["", "{}", "[]", r#"{"error":"new_one"}"#, r#"{"error":"server_error","error":"server_error"}"#] {
            assert_eq!(ErrorResponse::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
