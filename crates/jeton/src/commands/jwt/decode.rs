use std::path::PathBuf;

use clap::Args;
use jeton_jose::json::{self, Limits};
use jeton_jose::{Algorithm, base64url};
use serde_json::{Map, Value, json};

use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::render::jwt;
use crate::render::relative::{from_now, length};

const EXAMPLES: &str = "\
Examples:
  jeton jwt decode - < token.txt
  jeton jwt decode token.txt --json | jq .claims

The signature is not checked: anybody may have written what it says.";

/// Take a token apart and say what stands out
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Decode {
    /// The token: `-`, standard input; or a file that holds it
    #[arg(value_name = "-|FILE", default_value = "-")]
    token: PathBuf,
}

impl Decode {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let token = input::token(&self.token)?;
        let decoded = decode(token.expose(), context.now_seconds)
            .map_err(|sentence| Failure::no(sentence, "a JWT is three parts of base64url with dots between them"))?;
        context.show(&decoded, jwt::decoded)
    }
}

/// A long life for what whoever holds it can use, in seconds.
const LONG_LIFE_SECONDS: i64 = 24 * 3_600;
const LIMITS: Limits = Limits { length_bytes: 64 * 1024, depth: 32 };

fn decode(token: &str, now_seconds: i64) -> Result<Value, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(match parts.len() {
            5 => "this is an encrypted token (JWE): only whoever has its key can read it".to_owned(),
            1 => "this is no JWT but an opaque token: `jeton token introspect` asks the server what it is".to_owned(),
            count => format!("this is no JWT: it has {count} parts, not three"),
        });
    };
    let header = object(header, "header")?;
    let claims = object(claims, "payload")?;
    let mut findings = header_findings(&header);
    findings.extend(claim_findings(&claims, now_seconds));
    if signature.is_empty() {
        findings.push("the signature is empty: nothing vouches for any of it".to_owned());
    }
    Ok(json!({ "header": header, "claims": claims, "findings": findings, "signature_checked": false }))
}

/// The id that a JWT says it has, and the key that it says signed it; nothing vouches for either.
pub(in crate::commands) fn id_and_key(token: &str) -> Option<(String, String)> {
    let mut parts = token.split('.');
    let (header, claims) = (object(parts.next()?, "header").ok()?, object(parts.next()?, "payload").ok()?);
    let text = |members: &Map<String, Value>, name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text(&claims, "jti")?, text(&header, "kid").unwrap_or_default()))
}

pub(super) fn object(part: &str, what: &str) -> Result<Map<String, Value>, String> {
    let bytes = base64url::decode(part).map_err(|error| format!("the {what} is {error}"))?;
    json::parse_object(&bytes, LIMITS).map_err(|error| format!("the {what} is unusable: {error}"))
}

fn header_findings(header: &Map<String, Value>) -> Vec<String> {
    let mut findings = Vec::new();
    match header.get("alg").and_then(Value::as_str) {
        None => findings.push("alg is missing: nobody may accept it".to_owned()),
        Some(none) if none.eq_ignore_ascii_case("none") => {
            findings.push("alg is none: anybody can write such a token, nobody may accept it".to_owned());
        }
        Some(name) => match Algorithm::from_name(name) {
            None => findings.push(format!("alg {name} is not supported here")),
            Some(algorithm) if algorithm.is_symmetric() => {
                findings.push(format!("{name}: whoever can check it can also make it"));
            }
            Some(_) => {}
        },
    }
    if !header.contains_key("typ") {
        findings.push("typ is missing: a token of one kind may be taken for another (RFC 8725 section 3.11)".to_owned());
    }
    if let Some(critical) = header.get("crit") {
        findings.push(format!("crit names extensions, {critical}: who does not know them must refuse it"));
    }
    let own_keys: Vec<&str> = ["jku", "jwk", "x5u", "x5c"].into_iter().filter(|name| header.contains_key(*name)).collect();
    if !own_keys.is_empty() {
        findings.push(format!("{}: it brings its own key, which must never be believed", own_keys.join(", ")));
    }
    findings
}

fn claim_findings(claims: &Map<String, Value>, now_seconds: i64) -> Vec<String> {
    let mut findings = Vec::new();
    let time = |name: &str| claims.get(name).and_then(|value| value.as_i64().or_else(|| floor(value.as_f64()?)));
    for name in ["exp", "nbf", "iat"] {
        if claims.contains_key(name) && time(name).is_none() {
            findings.push(format!("{name} is no number of seconds"));
        }
    }
    match time("exp") {
        Some(exp) if exp <= now_seconds => findings.push(format!("expired {}", from_now(exp, now_seconds))),
        None if !claims.contains_key("exp") => findings.push("exp is missing: it never expires".to_owned()),
        _ => {}
    }
    if let Some(nbf) = time("nbf").filter(|nbf| *nbf > now_seconds) {
        findings.push(format!("not valid yet: it begins {}", from_now(nbf, now_seconds)));
    }
    if let Some(iat) = time("iat").filter(|iat| *iat > now_seconds) {
        findings.push(format!("iat lies ahead ({}): compare the clocks", from_now(iat, now_seconds)));
    }
    if let (Some(exp), Some(iat)) = (time("exp"), time("iat"))
        && exp.saturating_sub(iat) > LONG_LIFE_SECONDS
    {
        findings.push(format!("it lives for {}: long for what whoever holds it can use", length(exp.saturating_sub(iat))));
    }
    for (name, why) in [("iss", "nobody knows whose keys to check it with"), ("aud", "it works at every API that trusts the issuer")] {
        if !claims.contains_key(name) {
            findings.push(format!("{name} is missing: {why}"));
        }
    }
    findings
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float to an integer saturates, and a time that far away is told as it is")]
fn floor(number: f64) -> Option<i64> {
    number.is_finite().then(|| number.floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    #[track_caller]
    fn check(header: &str, claims: &str, expected: &[&str]) {
        let token = format!("{}.{}.c2ln", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
        let decoded = decode(&token, NOW).unwrap();
        let findings: Vec<&str> = decoded["findings"].as_array().unwrap().iter().map(|finding| finding.as_str().unwrap()).collect();
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, expected) in findings.iter().zip(expected) {
            assert!(finding.starts_with(expected), "{finding} / {expected}");
        }
    }

    const HEADER: &str = r#"{"alg":"ES256","typ":"at+jwt"}"#;
    const CLAIMS: &str = r#"{"iss":"a","aud":"b","iat":1789999000,"exp":1790003600}"#;

    #[test]
    fn what_stands_out() {
        check(HEADER, CLAIMS, &[]);
        check(r#"{"alg":"none","typ":"JWT"}"#, CLAIMS, &["alg is none"]);
        check(r#"{"alg":"ES256K","typ":"JWT"}"#, CLAIMS, &["alg ES256K is not supported"]);
        check(
            r#"{"alg":"HS256","typ":"JWT","crit":["x"],"jku":"https://evil.example"}"#,
            CLAIMS,
            &["HS256: whoever", "crit names", "jku: it brings"],
        );
        check("{}", CLAIMS, &["alg is missing", "typ is missing"]);
        check(HEADER, "{}", &["exp is missing", "iss is missing", "aud is missing"]);
        check(HEADER, r#"{"iss":"a","aud":"b","exp":1789999940}"#, &["expired 1 min ago"]);
        check(HEADER, r#"{"iss":"a","aud":"b","exp":"soon"}"#, &["exp is no number"]);
        check(
            HEADER,
            r#"{"iss":"a","aud":"b","iat":1790000060,"nbf":1790000060.5,"exp":1890000060}"#,
            &["not valid yet: it begins in 1 min", "iat lies ahead (in 1 min)", "it lives for 1157 d"],
        );
    }

    #[test]
    fn what_is_no_jwt() {
        for (token, expected) in [
            ("a.b.c.d.e", "encrypted"),
            ("jtn_at_x", "opaque"),
            ("a.b", "2 parts"),
            ("e30=.e30.", "the header is not base64url"),
            ("e30.W10.", "the payload is unusable"),
            ("eyJhIjoxLCJhIjoyfQ.e30.", "names the same member twice"),
        ] {
            let sentence = decode(token, NOW).unwrap_err();
            assert!(sentence.contains(expected), "{token}: {sentence}");
        }
    }
}
