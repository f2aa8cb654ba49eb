//! What the server says about itself (RFC 8414, OpenID Connect Discovery 1.0).

use serde::{Deserialize, Serialize};

use crate::issuer::Issuer;

/// Name of the document of RFC 8414.
pub const AUTHORIZATION_SERVER: &str = "oauth-authorization-server";
/// Name of the document of OpenID Connect Discovery 1.0.
pub const OPENID_CONFIGURATION: &str = "openid-configuration";
/// The longest document that is read, in bytes.
pub const MAX_DOCUMENT_LEN: usize = 64 * 1024;

/// The metadata document, the same under both names; an empty list is left out (RFC 8414 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// The server's identifier, exactly as in `iss`.
    pub issuer: Issuer,
    /// Where people sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where clients hand in authorization requests (RFC 9126).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Whether every client has to (RFC 9126).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_pushed_authorization_requests: Option<bool>,
    /// Where devices without a browser begin (RFC 8628).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    /// Where tokens are issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Where an application asks about the person (OpenID Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// Where people who signed out of an application are sent (OpenID Connect RP-Initiated Logout 1.0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    /// Whether applications are told that somebody signed out (OpenID Connect Back-Channel Logout 1.0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_supported: Option<bool>,
    /// Whether they are told which session it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_supported: Option<bool>,
    /// Where the public keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Scopes that may be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Response types of the authorization endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<String>,
    /// Response modes of the authorization endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<String>,
    /// Grant types. Never left empty by a server: its default would include `implicit`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<String>,
    /// How clients prove themselves at the token endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// Where tokens are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// How clients prove themselves there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// Where tokens are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// How clients prove themselves there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// Transformations of PKCE (RFC 7636).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    /// Kinds of subject identifiers (OpenID Connect).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_types_supported: Vec<String>,
    /// Algorithms of ID Tokens (OpenID Connect).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// What may be told of a person (OpenID Connect).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_supported: Vec<String>,
    /// How strongly people sign in (OpenID Connect).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    /// What `prompt` may ask for (OpenID Connect, Initiating User Registration 1.0).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt_values_supported: Vec<String>,
    /// The languages of the pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales_supported: Vec<String>,
    /// Whether each answer of the authorization endpoint says who answers (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Whether `claims` may be sent (OpenID Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_parameter_supported: Option<bool>,
    /// Whether `request` may be sent (OpenID Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_parameter_supported: Option<bool>,
    /// Whether `request_uri` may be sent; said because leaving it out would mean yes (OpenID Connect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_uri_parameter_supported: Option<bool>,
    /// Where the manual is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// Where verifiers follow revocations. Jeton's own member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jeton_revocation_feed: Option<String>,
}

impl ServerMetadata {
    /// A document that says nothing but the issuer.
    #[must_use]
    pub const fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            authorization_endpoint: None,
            pushed_authorization_request_endpoint: None,
            require_pushed_authorization_requests: None,
            device_authorization_endpoint: None,
            token_endpoint: None,
            userinfo_endpoint: None,
            end_session_endpoint: None,
            backchannel_logout_supported: None,
            backchannel_logout_session_supported: None,
            jwks_uri: None,
            scopes_supported: Vec::new(),
            response_types_supported: Vec::new(),
            response_modes_supported: Vec::new(),
            grant_types_supported: Vec::new(),
            token_endpoint_auth_methods_supported: Vec::new(),
            token_endpoint_auth_signing_alg_values_supported: Vec::new(),
            revocation_endpoint: None,
            revocation_endpoint_auth_methods_supported: Vec::new(),
            revocation_endpoint_auth_signing_alg_values_supported: Vec::new(),
            introspection_endpoint: None,
            introspection_endpoint_auth_methods_supported: Vec::new(),
            introspection_endpoint_auth_signing_alg_values_supported: Vec::new(),
            code_challenge_methods_supported: Vec::new(),
            subject_types_supported: Vec::new(),
            id_token_signing_alg_values_supported: Vec::new(),
            claims_supported: Vec::new(),
            acr_values_supported: Vec::new(),
            prompt_values_supported: Vec::new(),
            ui_locales_supported: Vec::new(),
            authorization_response_iss_parameter_supported: None,
            claims_parameter_supported: None,
            request_parameter_supported: None,
            request_uri_parameter_supported: None,
            service_documentation: None,
            jeton_revocation_feed: None,
        }
    }

    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and lists of texts always print.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the document of an issuer, which must name exactly this issuer (RFC 8414 section 3.3).
    ///
    /// # Errors
    /// It is no such document, is longer than [`MAX_DOCUMENT_LEN`], repeats a member, or speaks for somebody else.
    pub fn parse(document: &[u8], issuer: &Issuer) -> Result<Self, NotMetadata> {
        if document.len() > MAX_DOCUMENT_LEN {
            return Err(NotMetadata::Malformed);
        }
        let metadata: Self = serde_json::from_slice(document).map_err(|_| NotMetadata::Malformed)?;
        if metadata.issuer == *issuer { Ok(metadata) } else { Err(NotMetadata::OtherIssuer) }
    }
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMetadata {
    /// No metadata document.
    Malformed,
    /// The document of another issuer.
    OtherIssuer,
}

impl std::fmt::Display for NotMetadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "no metadata document of an authorization server",
            Self::OtherIssuer => "the metadata document names another issuer",
        })
    }
}

impl std::error::Error for NotMetadata {}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    #[test]
    fn empty_lists_are_left_out() {
        let mut metadata = ServerMetadata::new(issuer("https://a"));
        assert_eq!(metadata.to_json(), br#"{"issuer":"https://a"}"#);
        metadata.token_endpoint = Some(metadata.issuer.endpoint("/oauth/token"));
        metadata.grant_types_supported = vec!["client_credentials".into()];
        let json = metadata.to_json();
        assert_eq!(
            std::str::from_utf8(&json).unwrap(),
            r#"{"issuer":"https://a","token_endpoint":"https://a/oauth/token","grant_types_supported":["client_credentials"]}"#
        );
        assert_eq!(ServerMetadata::parse(&json, &metadata.issuer), Ok(metadata));
    }

    #[test]
    fn parses() {
        fn check(document: &str, expected: Result<(), NotMetadata>) {
            assert_eq!(ServerMetadata::parse(document.as_bytes(), &issuer("https://a")).map(|_| ()), expected, "{document}");
        }
        check(r#"{"issuer":"https://a","unknown":["x"]}"#, Ok(()));
        check(r#"{"issuer":"https://a","claims_supported":["x"],"request_parameter_supported":false}"#, Ok(()));
        check(r#"{"issuer":"https://a/"}"#, Err(NotMetadata::OtherIssuer));
        check(r#"{"issuer":"https://b"}"#, Err(NotMetadata::OtherIssuer));
        check(r#"{"issuer":"http://a"}"#, Err(NotMetadata::Malformed));
        check(r#"{"issuer":"https://a","issuer":"https://a"}"#, Err(NotMetadata::Malformed));
        check(r#"{"issuer":"https://a","scopes_supported":"x"}"#, Err(NotMetadata::Malformed));
        check("{}", Err(NotMetadata::Malformed));
        check("", Err(NotMetadata::Malformed));
        check(&" ".repeat(MAX_DOCUMENT_LEN + 1), Err(NotMetadata::Malformed));
    }
}
