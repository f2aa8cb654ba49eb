//! Introspection: what a token is worth just now (RFC 7662).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::ErrorResponse;
use crate::form::Form;
use crate::scope::ScopeSet;
use crate::token_type_hint::{TokenTypeHint, token_and_hint};

const INACTIVE: &[u8] = b"{\"active\":false}";
const ACTIVE: &[u8] = b"{\"active\":true";
const MAX_RESPONSE_LEN: usize = 64 * 1024;

/// A request to look at a token (RFC 7662 section 2.1).
#[derive(Clone, Copy)]
pub struct IntrospectionRequest<'f> {
    /// The token, or what is taken for one.
    pub token: &'f str,
    /// What the asker believes it to be.
    pub hint: Option<TokenTypeHint>,
}

impl ActiveToken<'_> {
    /// Whether it is an API key or a personal access token, so that its id is a key's.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.credential.as_deref(), Some(API_KEY | PERSONAL_ACCESS_TOKEN))
    }
}

impl<'f> IntrospectionRequest<'f> {
    /// Reads the request's own parameters.
    ///
    /// # Errors
    /// `invalid_request`: `token` is missing.
    pub fn parse(form: &'f Form<'_>) -> Result<Self, ErrorResponse> {
        let (token, hint) = token_and_hint(form)?;
        Ok(Self { token, hint })
    }
}

impl fmt::Debug for IntrospectionRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionRequest").field("hint", &self.hint).finish_non_exhaustive()
    }
}

/// The answer (RFC 7662 section 2.2).
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made, printed and dropped at once: a box would cost more than the move")]
pub enum IntrospectionResponse<'t> {
    /// Not worth anything, for whatever reason.
    Inactive,
    /// Worth what it says.
    Active(ActiveToken<'t>),
}

/// An API key, as a kind of credential.
pub const API_KEY: &str = "api_key";
/// A personal access token, as a kind of credential.
pub const PERSONAL_ACCESS_TOKEN: &str = "personal_access_token";

/// What an active token says (RFC 7662 section 2.2, RFC 9068 section 2.2). Times are in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActiveToken<'t> {
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Cow<'t, str>>,
    /// A readable name of whoever it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Cow<'t, str>>,
    /// How it is presented, `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<Cow<'t, str>>,
    /// It is dead from this second on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// It is not yet alive before this second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Whom it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Cow<'t, str>>,
    /// Where it may be used; printed as one text if there is one.
    #[serde(default, with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<Cow<'t, str>>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<Cow<'t, str>>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Cow<'t, str>>,
    /// The session it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Cow<'t, str>>,
    /// The grant it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<Cow<'t, str>>,
    /// The version of the claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ver: Option<u64>,
    /// When the person last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strongly the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<Cow<'t, str>>,
    /// By which means the person signed in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Cow<'t, str>>,
    /// The key it is bound to: such a token must not be taken as a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation<'t>>,
    /// For how many seconds the answer may be remembered by who follows the feed; 0: it is for this one use. Absent: as any other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_seconds: Option<u32>,
    /// What kind of credential it is, where it is no access token: [`API_KEY`] or [`PERSONAL_ACCESS_TOKEN`]. Then `jti` is the key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Cow<'t, str>>,
}

/// The key that a token is bound to (RFC 7800). Present with both members absent: bound in a way not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation<'t> {
    /// Thumbprint of the DPoP key (RFC 9449 section 6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jkt: Option<Cow<'t, str>>,
    /// Thumbprint of the TLS certificate (RFC 8705 section 3.1).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<Cow<'t, str>>,
}

impl IntrospectionResponse<'_> {
    /// Appends the response's body; an inactive one is exactly `{"active":false}`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let Self::Active(token) = self else {
            out.extend_from_slice(INACTIVE);
            return;
        };
        out.reserve(512);
        out.extend_from_slice(ACTIVE);
        let members = out.len();
        if serde_json::to_writer(&mut *out, token).is_err() {
            // Writing to memory does not fail; if it ever does, the token is refused.
            out.truncate(start);
            out.extend_from_slice(INACTIVE);
            return;
        }
        // The members come as an object of their own: its brace becomes the comma, or goes if there are none.
        if out.get(members..) == Some(b"{}") {
            out.remove(members);
        } else if let Some(brace) = out.get_mut(members) {
            *brace = b',';
        }
    }

    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_json(&mut out);
        out
    }
}

impl IntrospectionResponse<'_> {
    /// The response's body with claims that are of no standard, none of which is one of [`ActiveToken`]'s; of an inactive one nothing is told.
    #[must_use]
    pub fn to_json_with(&self, claims: &Map<String, Value>) -> Vec<u8> {
        let mut out = self.to_json();
        let mut more = serde_json::to_vec(claims).unwrap_or_default();
        if let (Self::Active(_), false, Some(brace)) = (self, claims.is_empty(), more.first_mut()) {
            // Another object's members go on where this one ends.
            *brace = b',';
            out.pop();
            out.append(&mut more);
        }
        out
    }
}

impl IntrospectionResponse<'static> {
    /// Reads a response's body, at most 64 KiB of it. Members that are not known here are passed over.
    ///
    /// # Errors
    /// It is no such body: treat the token as refused.
    pub fn parse(body: &[u8]) -> Result<Self, NotAResponse> {
        #[derive(Deserialize)]
        struct Head {
            active: bool,
        }
        if body.len() > MAX_RESPONSE_LEN {
            return Err(NotAResponse);
        }
        let head: Head = serde_json::from_slice(body).map_err(|_| NotAResponse)?;
        if !head.active {
            return Ok(Self::Inactive);
        }
        // Owned on purpose: a verifier keeps the answer longer than the body it came in.
        serde_json::from_slice(body).map(Self::Active).map_err(|_| NotAResponse)
    }
}

/// The body is no introspection response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAResponse;

impl fmt::Display for NotAResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no introspection response")
    }
}

impl std::error::Error for NotAResponse {}

/// One text, or a list of texts, as RFC 7519 section 4.1.3 allows for `aud`.
mod one_or_many {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(texts: &[Cow<'_, str>], serializer: S) -> Result<S::Ok, S::Error> {
        match texts {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, 't, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cow<'t, str>>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::One(one) => vec![Cow::Owned(one)],
            Wire::Many(many) => many.into_iter().map(Cow::Owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses() {
        fn check(response: IntrospectionResponse<'static>, expected: &str) {
            assert_eq!(String::from_utf8(response.to_json()).unwrap(), expected);
            assert_eq!(IntrospectionResponse::parse(expected.as_bytes()), Ok(response));
        }
        let active = |token| IntrospectionResponse::Active(token);
        check(IntrospectionResponse::Inactive, r#"{"active":false}"#);
        check(active(ActiveToken::default()), r#"{"active":true}"#);
        let aud = vec!["https://orders.example".into()];
        check(active(ActiveToken { aud, ..ActiveToken::default() }), r#"{"active":true,"aud":"https://orders.example"}"#);
        let aud = vec!["a:1".into(), "b:2".into()];
        check(active(ActiveToken { aud, ..ActiveToken::default() }), r#"{"active":true,"aud":["a:1","b:2"]}"#);
        let token = ActiveToken {
            scope: ScopeSet::parse("a b").ok(),
            client_id: Some("c1".into()),
            token_type: Some("Bearer".into()),
            exp: Some(20),
            iat: Some(10),
            sub: Some("say \"hi\"".into()),
            jti: Some("00".into()),
            ver: Some(1),
            cnf: Some(Confirmation { jkt: Some("k".into()), certificate_sha256: None }),
            ..ActiveToken::default()
        };
        check(
            active(token),
            r#"{"active":true,"scope":"a b","client_id":"c1","token_type":"Bearer","exp":20,"iat":10,"sub":"say \"hi\"","jti":"00","ver":1,"cnf":{"jkt":"k"}}"#,
        );
    }

    #[test]
    fn reads_what_others_print() {
        fn check(body: &str, expected: Result<bool, NotAResponse>) {
            let active = IntrospectionResponse::parse(body.as_bytes()).map(|response| matches!(response, IntrospectionResponse::Active(_)));
            assert_eq!(active, expected, "{body:.200}");
        }
        check(r#"{"active":false,"sub":5}"#, Ok(false));
        check(r#" { "new": [1], "active" : true } "#, Ok(true));
        check(r#"{"active":true,"scope":null,"cnf":{"other":1}}"#, Ok(true));
        check("", Err(NotAResponse));
        check("{}", Err(NotAResponse));
        check("[]", Err(NotAResponse));
        check("true", Err(NotAResponse));
        check(r#"{"active":"true"}"#, Err(NotAResponse));
        check(r#"{"active":1}"#, Err(NotAResponse));
        check(r#"{"active":null}"#, Err(NotAResponse));
        check(r#"{"active":false,"active":true}"#, Err(NotAResponse));
        check(r#"{"active":true,"exp":1,"exp":2}"#, Err(NotAResponse));
        check(r#"{"active":true,"exp":"1"}"#, Err(NotAResponse));
        check(r#"{"active":true,"exp":99999999999999999999}"#, Err(NotAResponse));
        check(r#"{"active":true,"scope":"a  b"}"#, Err(NotAResponse));
        check(r#"{"active":true,"aud":[1]}"#, Err(NotAResponse));
        check(r#"{"active":true} x"#, Err(NotAResponse));
        // Depth costs nothing here: what is passed over is read without recursion.
        check(&format!(r#"{{"active":true,"x":{}1{}}}"#, "[".repeat(9_000), "]".repeat(9_000)), Ok(true));
        check(&format!(r#"{{"active":true,"x":"{}"}}"#, "x".repeat(MAX_RESPONSE_LEN)), Err(NotAResponse));
    }

    #[test]
    fn request() {
        let form = Form::parse(b"token=hunter2&token_type_hint=refresh_token").unwrap();
        let request = IntrospectionRequest::parse(&form).unwrap();
        assert_eq!((request.token, request.hint), ("hunter2", Some(TokenTypeHint::RefreshToken)));
        assert!(!format!("{request:?}").contains("hunter2"));
        assert!(IntrospectionRequest::parse(&Form::parse(b"").unwrap()).is_err());
    }
}
