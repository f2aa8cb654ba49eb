use jeton_http::api::rfc3339;
use jeton_jose::TokenError;
use serde_json::{Map, Value};

use super::decode::object;
use crate::render::relative::with_distance;
use crate::render::text::shown;

/// What somebody wanted of a token.
pub(super) struct Wanted<'a> {
    /// Its `iss`.
    pub(super) issuer: Option<&'a str>,
    /// Its `aud`.
    pub(super) audience: Option<&'a str>,
    /// Its `typ`.
    pub(super) typ: Option<&'a str>,
    /// The `kid` of the keys that may have signed it.
    pub(super) key_ids: &'a [String],
    /// When it is used.
    pub(super) now_seconds: i64,
}

/// Two lines: what was wanted of a token, and what it says; empty where an error has no such two sides.
pub(super) fn lines(token: &str, error: &TokenError, wanted: &Wanted<'_>) -> String {
    let mut parts = token.split('.');
    let mut part = |what| parts.next().and_then(|part| object(part, what).ok()).unwrap_or_default();
    let (header, claims) = (part("header"), part("payload"));
    let time = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_i64);
        seconds.map_or_else(|| said(&claims, name), |seconds| with_distance(&rfc3339::format(seconds), wanted.now_seconds))
    };
    let now = rfc3339::format(wanted.now_seconds);
    let (name, expected, found) = match error {
        TokenError::WrongIssuer => ("iss", wanted.issuer.unwrap_or_default().to_owned(), said(&claims, "iss")),
        TokenError::WrongAudience => ("aud", wanted.audience.unwrap_or_default().to_owned(), said(&claims, "aud")),
        TokenError::WrongType => ("typ", wanted.typ.unwrap_or_default().to_owned(), said(&header, "typ")),
        TokenError::UnknownKey => ("kid", one_of(wanted.key_ids), said(&header, "kid")),
        TokenError::Expired => ("exp", format!("after {now}"), time("exp")),
        TokenError::NotYetValid => ("nbf", format!("{now} or before"), time("nbf")),
        TokenError::IssuedInFuture => ("iat", format!("{now} or before"), time("iat")),
        _ => return String::new(),
    };
    format!("\n  {name} expected: {expected}\n  {name} found:    {found}")
}

fn one_of(key_ids: &[String]) -> String {
    if key_ids.is_empty() { "no key has one".to_owned() } else { key_ids.join(", ") }
}

fn said(members: &Map<String, Value>, name: &str) -> String {
    match members.get(name) {
        None => "none".to_owned(),
        Some(Value::String(text)) => shown(text),
        Some(other) => shown(&other.to_string()),
    }
}
