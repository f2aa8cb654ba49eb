//! What the userinfo endpoint tells of a person (OpenID Connect Core 1.0 section 5.3).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

/// The claims of a person; those that the token's scope does not cover are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserinfoResponse<'u> {
    /// Who it is; the same as in the ID token.
    pub sub: Cow<'u, str>,
    /// The name as people say it (scope `profile`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'u, str>>,
    /// The name that the person signs in with (scope `profile`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Cow<'u, str>>,
    /// When any of this last changed, in seconds since 1970 (scope `profile`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    /// The address (scope `email`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'u, str>>,
    /// Whether somebody has seen that the address is the person's (scope `email`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Every other claim.
    #[serde(flatten)]
    pub additional: Map<String, Value>,
}

impl UserinfoResponse<'_> {
    /// The response's body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, numbers and booleans always print.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_is_told() {
        fn check(response: &UserinfoResponse<'_>, expected: &str) {
            assert_eq!(String::from_utf8(response.to_json()).unwrap(), expected);
        }
        check(&UserinfoResponse { sub: "user_1".into(), ..UserinfoResponse::default() }, r#"{"sub":"user_1"}"#);
        let whole = UserinfoResponse {
            sub: "user_1".into(),
            name: Some("Ada \"L\"".into()),
            preferred_username: Some("ada".into()),
            updated_at: Some(5),
            email: Some("ada@example.com".into()),
            email_verified: Some(false),
            additional: Map::from_iter([("room".to_owned(), Value::from("7"))]),
        };
        check(
            &whole,
            r#"{"sub":"user_1","name":"Ada \"L\"","preferred_username":"ada","updated_at":5,"email":"ada@example.com","email_verified":false,"room":"7"}"#,
        );
    }
}
