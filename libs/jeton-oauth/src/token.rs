//! The token endpoint's requests and responses (RFC 6749 sections 4 and 5).

use std::fmt;

use jeton_token::Secret;
use serde::Deserialize;

use crate::error::{ErrorCode, ErrorResponse};
use crate::form::Form;
use crate::json;
use crate::resource::Resource;
use crate::scope::ScopeSet;

/// The parameters that a token request may repeat (RFC 8707 section 2); for [`Form::parse_allowing`].
pub const REPEATABLE: &[&str] = &["resource"];

/// The most resources that a request may name.
pub const MAX_RESOURCES: usize = 8;

/// How a client asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GrantType {
    /// `client_credentials` (RFC 6749 section 4.4): the client acts for itself.
    ClientCredentials,
    /// `authorization_code` (RFC 6749 section 4.1).
    AuthorizationCode,
    /// `refresh_token` (RFC 6749 section 6).
    RefreshToken,
    /// Device authorization (RFC 8628 section 3.4).
    DeviceCode,
    /// Token exchange (RFC 8693 section 2.1).
    TokenExchange,
}

impl GrantType {
    /// Every grant type that has a name here, offered or not.
    pub const ALL: [Self; 5] =
        [Self::ClientCredentials, Self::AuthorizationCode, Self::RefreshToken, Self::DeviceCode, Self::TokenExchange];

    /// The grant type as it stands in requests and metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// Reads a grant type.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token request, without the client's authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenRequest {
    /// The client acts for itself.
    ClientCredentials(ClientCredentialsRequest),
}

/// A client asks for a token of its own (RFC 6749 section 4.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    /// What it asks for; `None` leaves it to the server.
    pub scope: Option<ScopeSet>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

impl TokenRequest {
    /// Reads the request's own parameters.
    ///
    /// # Errors
    /// `invalid_request` (no `grant_type`), `unsupported_grant_type`, `invalid_scope`, `invalid_target`.
    pub fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        match GrantType::parse(form.require("grant_type")?) {
            Some(GrantType::ClientCredentials) => ClientCredentialsRequest::parse(form).map(Self::ClientCredentials),
            _ => Err(ErrorResponse::new(ErrorCode::UnsupportedGrantType, "this grant_type is not offered; see grant_types_supported")),
        }
    }

    /// The grant type asked for.
    #[must_use]
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
        }
    }
}

impl ClientCredentialsRequest {
    fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        Ok(Self { scope: scope(form)?, resources: resources(form)? })
    }
}

fn scope(form: &Form<'_>) -> Result<Option<ScopeSet>, ErrorResponse> {
    let parse = |text| ScopeSet::parse(text).map_err(|error| ErrorResponse::new(ErrorCode::InvalidScope, error.to_string()));
    form.get("scope").map(parse).transpose()
}

fn resources(form: &Form<'_>) -> Result<Vec<Resource>, ErrorResponse> {
    let refuse = |why: String| ErrorResponse::new(ErrorCode::InvalidTarget, why);
    let mut resources = Vec::new();
    for text in form.all("resource") {
        let resource = Resource::parse(text).map_err(|error| refuse(error.to_string()))?;
        if resources.contains(&resource) {
            continue;
        }
        if resources.len() == MAX_RESOURCES {
            return Err(refuse(format!("at most {MAX_RESOURCES} resources may be named")));
        }
        resources.push(resource);
    }
    Ok(resources)
}

/// How a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// Whoever has it may use it (RFC 6750).
    Bearer,
}

impl TokenType {
    /// The type as it stands in a response.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
        }
    }
}

/// A successful token response (RFC 6749 section 5.1), to be printed.
#[derive(Clone, Copy)]
pub struct TokenResponse<'t> {
    /// The access token, in the clear.
    pub access_token: &'t str,
    /// How it is presented.
    pub token_type: TokenType,
    /// How long it lives from now on.
    pub expires_in_seconds: u64,
    /// What it may do; told whenever it differs from what was asked.
    pub scope: Option<&'t ScopeSet>,
}

impl TokenResponse<'_> {
    /// Appends the response's body.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.reserve(self.access_token.len() + self.scope.map_or(0, |scope| scope.as_str().len()) + 96);
        out.extend_from_slice(b"{\"access_token\":");
        json::push_string(self.access_token, out);
        out.extend_from_slice(b",\"token_type\":");
        json::push_string(self.token_type.as_str(), out);
        out.extend_from_slice(b",\"expires_in\":");
        json::push_number(self.expires_in_seconds, out);
        if let Some(scope) = self.scope {
            out.extend_from_slice(b",\"scope\":");
            json::push_string(scope.as_str(), out);
        }
        out.push(b'}');
    }

    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_json(&mut out);
        out
    }
}

impl fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in_seconds", &self.expires_in_seconds)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A successful token response as a client receives it (RFC 6749 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedToken {
    /// The access token.
    pub access_token: Secret,
    /// How long it lives from now on, if the server says so.
    pub expires_in_seconds: Option<u64>,
    /// What it may do; `None` means what was asked.
    pub scope: Option<ScopeSet>,
}

impl ReceivedToken {
    /// Reads the body of a successful response, at most 64 KiB of it. `None`: it is no such body, or the token is not a bearer token.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            access_token: String,
            token_type: String,
            expires_in: Option<u64>,
            scope: Option<ScopeSet>,
        }
        if body.len() > 64 * 1024 {
            return None;
        }
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let access_token = Secret::from(wire.access_token);
        let usable = wire.token_type.eq_ignore_ascii_case(TokenType::Bearer.as_str()) && !access_token.is_empty();
        usable.then_some(Self { access_token, expires_in_seconds: wire.expires_in, scope: wire.scope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<TokenRequest, ErrorResponse> {
        TokenRequest::parse(&Form::parse_allowing(body.as_bytes(), REPEATABLE).unwrap())
    }

    #[test]
    fn client_credentials() {
        fn check(body: &str, scope: Option<&str>, resources: &[&str]) {
            let TokenRequest::ClientCredentials(request) = parse(&format!("grant_type=client_credentials{body}")).unwrap();
            assert_eq!(request.scope.as_ref().map(ScopeSet::as_str), scope, "{body}");
            assert_eq!(request.resources.iter().map(Resource::as_str).collect::<Vec<_>>(), resources, "{body}");
        }
        check("", None, &[]);
        check("&scope=", None, &[]);
        check("&scope=b+a", Some("a b"), &[]);
        check("&scope=orders%3Aread", Some("orders:read"), &[]);
        check("&resource=https%3A%2F%2Forders.example", None, &["https://orders.example"]);
        check("&resource=urn:a&resource=urn:b&resource=urn:a", None, &["urn:a", "urn:b"]);
        check("&unknown=1&audience=x", None, &[]);
    }

    #[test]
    fn refusals() {
        fn check(body: &str, expected: ErrorCode) {
            assert_eq!(parse(body).unwrap_err().code, expected, "{body}");
        }
        check("", ErrorCode::InvalidRequest);
        check("grant_type=", ErrorCode::InvalidRequest);
        check("grant_type=password", ErrorCode::UnsupportedGrantType);
        check("grant_type=Client_Credentials", ErrorCode::UnsupportedGrantType);
        check("grant_type=authorization_code", ErrorCode::UnsupportedGrantType);
        check("grant_type=client_credentials&scope=a++b", ErrorCode::InvalidScope);
        check("grant_type=client_credentials&scope=%22", ErrorCode::InvalidScope);
        check("grant_type=client_credentials&resource=relative", ErrorCode::InvalidTarget);
        check("grant_type=client_credentials&resource=https://a/%23f", ErrorCode::InvalidTarget);
        let many: String = (0..9).map(|number| format!("&resource=urn:{number}")).collect();
        check(&format!("grant_type=client_credentials{many}"), ErrorCode::InvalidTarget);
    }

    #[test]
    fn response_prints_and_parses() {
        let scope = ScopeSet::parse("b a").unwrap();
        let mut response =
            TokenResponse { access_token: "x.y-z_", token_type: TokenType::Bearer, expires_in_seconds: 3600, scope: Some(&scope) };
        let json = response.to_json();
        assert_eq!(
            std::str::from_utf8(&json).unwrap(),
            r#"{"access_token":"x.y-z_","token_type":"Bearer","expires_in":3600,"scope":"a b"}"#
        );
        let received = ReceivedToken::parse(&json).unwrap();
        assert_eq!((received.access_token.expose(), received.expires_in_seconds), ("x.y-z_", Some(3600)));
        assert_eq!(received.scope.as_ref(), Some(&scope));
        response.scope = None;
        assert!(response.to_json().ends_with(br#""expires_in":3600}"#));
        assert!(!format!("{response:?} {received:?}").contains("x.y-z_"));
    }

    #[test]
    fn received_refusals() {
        for body in [
            "",
            "{}",
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"DPoP"}"#,
            r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
        ] {
            assert_eq!(ReceivedToken::parse(body.as_bytes()), None, "{body}");
        }
        assert!(ReceivedToken::parse(br#"{"access_token":"a","token_type":"bearer"}"#).is_some());
    }

    #[test]
    fn grant_types_round_trip() {
        for grant in GrantType::ALL {
            assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
        }
    }
}
