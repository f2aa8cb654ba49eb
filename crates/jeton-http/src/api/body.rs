//! JSON as it comes in: strict, bounded, and of a type that knows its members.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use jeton_jose::json::{self, Limits};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::nothing::Nothing;
use super::problem::{Problem, ProblemKind, shown};
use super::query::only_knows;
use crate::extract::{ContentType, content_type, read_body};

/// The most bytes of a body.
const BODY_BYTES: u64 = 64 * 1024;
const LIMITS: Limits = Limits { length_bytes: 64 * 1024, depth: 16 };

/// A request's body. An empty one stands for an object without members.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Body<T>, Problem> {
        let (parts, body) = request.into_parts();
        only_knows(&parts.uri, &[])?;
        parse(&read(&parts.headers, body).await?).map(Body)
    }
}

/// A member that is there, `null` or not.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The request with its body read, where nothing else reads it: refused if it says anything, since who sends it believes that it is heeded.
pub(super) async fn without_body(request: Request) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    if !body.is_end_stream() {
        let nothing = read(&parts.headers, body).await.and_then(|bytes| parse(&bytes));
        let Nothing {} =
            nothing.map_err(|problem| problem.advise(ProblemKind::InvalidRequest, "leave the body out: this request takes none"))?;
    }
    Ok(Request::from_parts(parts, axum::body::Body::empty()))
}

/// The bytes of a body that is JSON, or empty.
pub(super) async fn read(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, Problem> {
    let bytes = read_body(body, BODY_BYTES).await?;
    if !bytes.is_empty() && content_type(headers) != ContentType::Json {
        let detail = "the content type of the body is not application/json";
        return Err(Problem::new(ProblemKind::WrongContentType, detail, "send `Content-Type: application/json`"));
    }
    Ok(bytes)
}

/// The value of a body, of a type whose members are texts and numbers and which knows all of them. Reading it refuses what is there twice or
/// is not known, and so whatever is nested: the hot path is not read twice for that.
pub(super) fn parse_flat<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(if bytes.is_empty() { b"{}" } else { bytes })
        .map(|Members(value)| value)
        .map_err(|error| Problem::invalid(sentence(&error.to_string()), "see the members in docs/reference/management-api.md"))
}

/// The value of a body.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    json::check(bytes, LIMITS)
        .map_err(|error| Problem::invalid(error.to_string(), "send one JSON object in UTF-8, each member once, without comments"))?;
    serde_json::from_slice(bytes)
        .map(|Members(value)| value)
        .map_err(|error| Problem::invalid(sentence(&error.to_string()), "see the members in docs/reference/management-api.md"))
}

/// An object: serde takes its values in a row for one, too.
pub(super) struct Members<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<T>, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Members<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Members)
    }
}

/// An object in a member that may be left out.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer).map(|found| found.map(|Members(value)| value))
}

/// A list of objects.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Vec::deserialize(deserializer).map(|found: Vec<Members<T>>| found.into_iter().map(|Members(value)| value).collect())
}

/// What serde says, without the value that it met: that may be a secret.
fn sentence(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let quoted = || shown(message.split('`').nth(1).unwrap_or_default());
    let has_wrong_value = message.starts_with("invalid") || message.starts_with("unknown variant");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if has_wrong_value => format!("a member has the wrong value: expected {}", plain(expected)),
        None if has_wrong_value => "a member has the wrong value".to_owned(),
        Some((_, known)) if message.starts_with("unknown field") => format!("there is no member `{}`: there is {known}", quoted()),
        None if message.starts_with("unknown field") => format!("there is no member `{}`: nothing is said here", quoted()),
        _ if message.starts_with("missing field") => format!("the member `{}` is missing", quoted()),
        _ => message.to_owned(),
    }
}

/// What serde expects, in words for people.
fn plain(expected: &str) -> &str {
    match expected {
        object if object.starts_with("struct ") || object == "a map" => "an object",
        number if number.starts_with(['i', 'u']) && number.trim_start_matches(['i', 'u']).parse::<u8>().is_ok() => "a whole number",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its parsing is tested")]
        name: String,
        #[expect(dead_code, reason = "only its parsing is tested")]
        count: Option<i64>,
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let problem = parse::<Sample>(text.as_bytes()).err().map_or_else(String::new, |problem| format!("{problem:?}"));
        assert!(problem.contains(expected) && problem.is_empty() == expected.is_empty(), "{text}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }

    #[test]
    fn flat_bodies_are_as_strict() {
        for (text, expected) in [
            (r#"{"name":"a","name":"b"}"#, "duplicate field `name`"),
            (r#"{"name":"a","nam":"b"}"#, "there is no member `nam`"),
            (r#"{"name":"a","more":{"a":[{"a":1,"a":2}]}}"#, "there is no member `more`"),
            (r#"{"name":"a"} {}"#, "trailing characters"),
            (r#"["a",1]"#, "expected an object"),
            (r#"{"name":"\ud800"}"#, "hex escape"),
            (r#"{"name":["hunter2"]}"#, "expected a string"),
            ("", "the member `name` is missing"),
        ] {
            let problem = parse_flat::<Sample>(text.as_bytes()).err().map_or_else(String::new, |problem| format!("{problem:?}"));
            assert!(problem.contains(expected), "{text}: {problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        assert!(parse_flat::<Sample>(br#"{"name":"a","count":1}"#).is_ok());
        assert!(parse_flat::<Sample>(b"{\"name\":\"\xff\"}").is_err());
    }

    #[test]
    fn bodies() {
        check(r#"{"name":"a"}"#, "");
        check(r#"{"name":"a","count":1}"#, "");
        check("{}", "the member `name` is missing");
        check(r#"{"name":"a","nam":"b"}"#, "there is no member `nam`: there is `name` or `count`");
        check(r#"{"name":"a","name":"b"}"#, "names the same member twice");
        check(r#"{"name":"a","count":"hunter2"}"#, "a member has the wrong value: expected a whole number");
        check(r#"{"name":"a","count":"hunter2, expected x"}"#, "expected a whole number");
        check(r#"{"name":"a","count":1.5}"#, "expected a whole number");
        check(r#"{"name":"a","count":99999999999999999999}"#, "expected a whole number");
        check(r#"{"name":["hunter2"]}"#, "expected a string");
        check(r#"["hunter2"]"#, "expected an object");
        check(r#"["hunter2",7]"#, "expected an object");
        check("[]", "expected an object");
        check("null", "expected an object");
        check("{", "not valid JSON");
        check("{\"name\":\"\u{0}\"}", "not valid JSON");
        check(&format!("{{\"name\":{}1{}}}", "[".repeat(40), "]".repeat(40)), "nested deeper");
    }
}
