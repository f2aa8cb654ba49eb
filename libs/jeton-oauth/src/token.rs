//! The token endpoint's requests and responses (RFC 6749 sections 4 and 5).

use std::fmt;

use jeton_token::Secret;
use serde::Deserialize;

use crate::error::{ErrorCode, ErrorResponse};
use crate::form::Form;
use crate::json;
use crate::pkce::Verifier;
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
    /// The client has a code that a person let it have.
    AuthorizationCode(AuthorizationCodeRequest),
    /// The client goes on with what a person let it have.
    RefreshToken(RefreshRequest),
    /// The client asks whether somebody let it have anything.
    DeviceCode(DeviceCodeRequest),
}

/// A client asks for a token of its own (RFC 6749 section 4.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentialsRequest {
    /// What it asks for; `None` leaves it to the server.
    pub scope: Option<ScopeSet>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

/// A client brings a code (RFC 6749 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCodeRequest {
    /// The code, or what is taken for one.
    pub code: Secret,
    /// Where the code was sent, if the client says so.
    pub redirect_uri: Option<String>,
    /// What the challenge was made of.
    pub verifier: Option<Verifier>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

/// A client brings a refresh token (RFC 6749 section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshRequest {
    /// The refresh token, or what is taken for one.
    pub refresh_token: Secret,
    /// What the access token shall do; `None`: what the grant allows.
    pub scope: Option<ScopeSet>,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

/// A client asks what became of a device authorization (RFC 8628 section 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCodeRequest {
    /// The device code, or what is taken for one.
    pub device_code: Secret,
    /// Where the token shall be used (RFC 8707), each named once.
    pub resources: Vec<Resource>,
}

impl TokenRequest {
    /// Reads the request's own parameters.
    ///
    /// # Errors
    /// `invalid_request` (no `grant_type`, no `code`), `unsupported_grant_type`, `invalid_scope`, `invalid_target`,
    /// `invalid_grant` (a `code_verifier` that can be nobody's).
    pub fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        match GrantType::parse(form.require("grant_type")?) {
            Some(GrantType::ClientCredentials) => ClientCredentialsRequest::parse(form).map(Self::ClientCredentials),
            Some(GrantType::AuthorizationCode) => AuthorizationCodeRequest::parse(form).map(Self::AuthorizationCode),
            Some(GrantType::RefreshToken) => RefreshRequest::parse(form).map(Self::RefreshToken),
            Some(GrantType::DeviceCode) => DeviceCodeRequest::parse(form).map(Self::DeviceCode),
            _ => Err(ErrorResponse::new(ErrorCode::UnsupportedGrantType, "this grant_type is not offered; see grant_types_supported")),
        }
    }

    /// The grant type asked for.
    #[must_use]
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::DeviceCode(_) => GrantType::DeviceCode,
        }
    }
}

impl ClientCredentialsRequest {
    fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        Ok(Self { scope: scope(form)?, resources: resources(form)? })
    }
}

impl AuthorizationCodeRequest {
    fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        let verifier = form.get("code_verifier").map(Verifier::parse).transpose();
        Ok(Self {
            code: form.require("code")?.into(),
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            verifier: verifier.map_err(|error| ErrorResponse::new(ErrorCode::InvalidGrant, error.to_string()))?,
            resources: resources(form)?,
        })
    }
}

impl RefreshRequest {
    fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        Ok(Self { refresh_token: form.require("refresh_token")?.into(), scope: scope(form)?, resources: resources(form)? })
    }
}

impl DeviceCodeRequest {
    fn parse(form: &Form<'_>) -> Result<Self, ErrorResponse> {
        Ok(Self { device_code: form.require("device_code")?.into(), resources: resources(form)? })
    }
}

pub(crate) fn scope(form: &Form<'_>) -> Result<Option<ScopeSet>, ErrorResponse> {
    let parse = |text| ScopeSet::parse(text).map_err(|error| ErrorResponse::new(ErrorCode::InvalidScope, error.to_string()));
    form.get("scope").map(parse).transpose()
}

pub(crate) fn resources(form: &Form<'_>) -> Result<Vec<Resource>, ErrorResponse> {
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
    /// With what the client goes on when the access token has ended, in the clear.
    pub refresh_token: Option<&'t str>,
    /// Who signed in (OpenID Connect), in the clear.
    pub id_token: Option<&'t str>,
}

impl TokenResponse<'_> {
    /// Appends the response's body.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let more = self.scope.map_or(0, |scope| scope.as_str().len())
            + [self.refresh_token, self.id_token].iter().flatten().map(|text| text.len()).sum::<usize>();
        out.reserve(self.access_token.len() + more + 128);
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
        if let Some(refresh_token) = self.refresh_token {
            out.extend_from_slice(b",\"refresh_token\":");
            json::push_string(refresh_token, out);
        }
        if let Some(id_token) = self.id_token {
            out.extend_from_slice(b",\"id_token\":");
            json::push_string(id_token, out);
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
    /// With what to go on when the access token has ended.
    pub refresh_token: Option<Secret>,
    /// Who signed in (OpenID Connect): a JWT.
    pub id_token: Option<Secret>,
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
            refresh_token: Option<String>,
            id_token: Option<String>,
        }
        if body.len() > 64 * 1024 {
            return None;
        }
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let access_token = Secret::from(wire.access_token);
        let usable = wire.token_type.eq_ignore_ascii_case(TokenType::Bearer.as_str()) && !access_token.is_empty();
        let (refresh_token, id_token) = (wire.refresh_token.map(Secret::from), wire.id_token.map(Secret::from));
        usable.then_some(Self { access_token, expires_in_seconds: wire.expires_in, scope: wire.scope, refresh_token, id_token })
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
            let Ok(TokenRequest::ClientCredentials(request)) = parse(&format!("grant_type=client_credentials{body}")) else {
                panic!("{body}")
            };
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
    fn codes_and_refresh_tokens() {
        fn check(body: &str, expected: &str) {
            let shown = match parse(body).unwrap() {
                TokenRequest::AuthorizationCode(AuthorizationCodeRequest { code, redirect_uri, verifier, resources }) => {
                    format!("{} {redirect_uri:?} {} {resources:?}", code.expose(), verifier.is_some())
                }
                TokenRequest::RefreshToken(RefreshRequest { refresh_token, scope, resources }) => {
                    format!("{} {} {resources:?}", refresh_token.expose(), scope.is_some())
                }
                TokenRequest::DeviceCode(DeviceCodeRequest { device_code, resources }) => format!("{} {resources:?}", device_code.expose()),
                TokenRequest::ClientCredentials(_) => String::new(),
            };
            assert_eq!(shown, expected, "{body}");
        }
        let verifier = "a".repeat(43);
        check("grant_type=authorization_code&code=x", "x None false []");
        check(
            &format!("grant_type=authorization_code&code=x&redirect_uri=https://a/cb&code_verifier={verifier}&resource=urn:a"),
            "x Some(\"https://a/cb\") true [Resource(urn:a)]",
        );
        check("grant_type=authorization_code&code=x&code_verifier=&scope=ignored%22", "x None false []");
        check("grant_type=refresh_token&refresh_token=x", "x false []");
        check("grant_type=refresh_token&refresh_token=x&scope=a&resource=urn:a&resource=urn:a", "x true [Resource(urn:a)]");
        let of_device = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=hunter2";
        check(of_device, "hunter2 []");
        let shown = format!(
            "{:?} {:?} {:?}",
            parse("grant_type=authorization_code&code=hunter2"),
            parse("grant_type=refresh_token&refresh_token=hunter2"),
            parse(of_device)
        );
        assert!(!shown.contains("hunter2"), "{shown}");
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
        check("grant_type=authorization_code", ErrorCode::InvalidRequest);
        check("grant_type=authorization_code&code=", ErrorCode::InvalidRequest);
        check("grant_type=authorization_code&code=x&code_verifier=short", ErrorCode::InvalidGrant);
        check("grant_type=authorization_code&code=x&resource=relative", ErrorCode::InvalidTarget);
        check("grant_type=refresh_token", ErrorCode::InvalidRequest);
        check("grant_type=refresh_token&refresh_token=x&scope=a++b", ErrorCode::InvalidScope);
        check("grant_type=refresh_token&refresh_token=x&resource=relative", ErrorCode::InvalidTarget);
        check("grant_type=implicit", ErrorCode::UnsupportedGrantType);
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
        let mut response = TokenResponse {
            access_token: "x.y-z_",
            token_type: TokenType::Bearer,
            expires_in_seconds: 3600,
            scope: Some(&scope),
            refresh_token: None,
            id_token: None,
        };
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
        (response.refresh_token, response.id_token) = (Some("jtn_rt_x"), Some("a.b.c"));
        let json = response.to_json();
        assert!(json.ends_with(br#""expires_in":3600,"refresh_token":"jtn_rt_x","id_token":"a.b.c"}"#));
        let both = ReceivedToken::parse(&json).map(|received| (received.refresh_token.unwrap(), received.id_token.unwrap())).unwrap();
        assert_eq!((both.0.expose(), both.1.expose()), ("jtn_rt_x", "a.b.c"));
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
