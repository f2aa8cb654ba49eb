//! What a provider publishes of itself (OpenID Connect Discovery 1.0 section 3).

use jeton_jose::json::{Limits, parse_object};
use jeton_oauth::Issuer;
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::fetch::NoAnswer;

/// How a document of a provider is read.
pub(super) const LIMITS: Limits = Limits { length_bytes: 64 * 1024, depth: 8 };

/// What is used of it.
#[derive(Debug)]
pub(super) struct Metadata {
    /// Where people are sent.
    pub(super) authorization: Endpoint,
    pub(super) token: Endpoint,
    pub(super) keys: Endpoint,
    pub(super) userinfo: Option<Endpoint>,
    /// Whether each answer names the issuer (RFC 9207 section 3).
    pub(super) names_issuer: bool,
    /// Whether this server proves itself in the body, where the provider takes it in no header.
    pub(super) proves_in_body: bool,
}

impl Metadata {
    /// Reads the document of this issuer.
    ///
    /// # Errors
    /// It is none, of another issuer (section 4.3), or names addresses that are not asked.
    pub(super) fn parse(text: &[u8], issuer: &Issuer) -> Result<Metadata, NoAnswer> {
        let document = parse_object(text, LIMITS).map_err(|_| NoAnswer::because("its metadata is no JSON object"))?;
        if document.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
            return Err(NoAnswer::because("its metadata is of another issuer"));
        }
        let endpoint = |name: &str| document.get(name).and_then(Value::as_str).and_then(|text| Endpoint::parse(text, issuer));
        let needed = |name: &str| endpoint(name).ok_or(NoAnswer::because("its metadata names no endpoints that are asked"));
        let is_named = document.contains_key("userinfo_endpoint");
        let userinfo = if is_named { Some(needed("userinfo_endpoint")?) } else { None };
        Ok(Metadata {
            authorization: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            keys: needed("jwks_uri")?,
            userinfo,
            names_issuer: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
            proves_in_body: proves_in_body(&document)?,
        })
    }
}

/// Where nothing is said, in the header (section 3).
fn proves_in_body(document: &Map<String, Value>) -> Result<bool, NoAnswer> {
    let Some(methods) = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array) else { return Ok(false) };
    let takes = |name: &str| methods.iter().any(|method| method.as_str() == Some(name));
    match (takes("client_secret_basic"), takes("client_secret_post")) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(NoAnswer::because("it takes no secret of a client")),
    }
}
