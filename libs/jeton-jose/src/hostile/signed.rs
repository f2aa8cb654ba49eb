//! Tokens our key has signed that are still not valid access tokens here and now.

use crate::algorithm::Algorithm;
use crate::error::KeyError;
use crate::hostile::forge::Forge;
use crate::hostile::shape::{Collection, Kind, Shape};
use serde_json::{Value, json};

pub(super) fn shapes(forge: &Forge<'_>) -> Result<Vec<Shape>, KeyError> {
    let mut bad = Collection::new(Kind::SignedButBad);
    claims(forge, &mut bad)?;
    wrong_kinds_of_value(forge, &mut bad)?;
    types(forge, &mut bad)?;
    extensions(forge, &mut bad)?;
    payloads(forge, &mut bad)?;
    Ok(bad.shapes)
}

fn claims(forge: &Forge<'_>, bad: &mut Collection) -> Result<(), KeyError> {
    const DAY: i64 = 86_400;
    let header = forge.header();
    for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti"] {
        bad.add(format!("{name} missing"), forge.signed(&header, &forge.claims_without(name))?);
    }
    let now = forge.now_seconds;
    let (issuer, audience) = (forge.claim("iss"), forge.claim("aud"));
    let values: Vec<(&str, &str, Value)> = vec![
        ("exp", "an hour ago", json!(now - 3600)),
        ("exp", "a day ago", json!(now - DAY)),
        ("exp", "years ago", json!(now - 3650 * DAY)),
        ("exp", "a day ago with a fraction", json!((now - DAY) as f64 + 0.5)),
        ("exp", "zero", json!(0)),
        ("exp", "negative", json!(-1)),
        ("exp", "the least integer", json!(i64::MIN)),
        ("exp", "the greatest integer", json!(i64::MAX)),
        ("exp", "beyond integers", json!(u64::MAX)),
        ("exp", "beyond the year 9999", json!(253_402_300_800_i64)),
        ("exp", "1e300", json!(1e300)),
        ("exp", "in milliseconds", json!(now * 1000 + DAY)),
        ("nbf", "in an hour", json!(now + 3600)),
        ("nbf", "in a day", json!(now + DAY)),
        ("nbf", "negative", json!(-1)),
        ("nbf", "beyond integers", json!(u64::MAX)),
        ("iat", "in an hour", json!(now + 3600)),
        ("iat", "in a day", json!(now + DAY)),
        ("iat", "negative", json!(-1)),
        ("iat", "1e300", json!(1e300)),
        ("iss", "another", json!("https://attacker.example")),
        ("iss", "with a slash", json!(format!("{issuer}/"))),
        ("iss", "with a space", json!(format!("{issuer} "))),
        ("iss", "in capitals", json!(issuer.to_ascii_uppercase())),
        ("iss", "with more behind", json!(format!("{issuer}.attacker.example"))),
        ("iss", "cut off", json!(issuer.chars().take(8).collect::<String>())),
        ("iss", "with a zero byte", json!(format!("{issuer}\0"))),
        ("iss", "as a list", json!([issuer])),
        ("aud", "another", json!("https://attacker.example")),
        ("aud", "others", json!(["https://a.example", "https://b.example"])),
        ("aud", "an empty list", json!([])),
        ("aud", "with a slash", json!(format!("{audience}/"))),
        ("aud", "with a space", json!(format!("{audience} "))),
        ("aud", "in capitals", json!(audience.to_ascii_uppercase())),
        ("aud", "a beginning of ours", json!(audience.chars().take(8).collect::<String>())),
        ("aud", "two in one text", json!(format!("{audience} https://b.example"))),
        ("aud", "a list in a list", json!([[audience]])),
        ("aud", "a list with a number", json!([audience, 1])),
        ("aud", "a star", json!("*")),
    ];
    for (name, what, value) in values {
        bad.add(format!("{name} {what}"), forge.signed(&header, &forge.claims_with(name, value))?);
    }
    Ok(())
}

/// CVE-2026-25537: a claim of the wrong type taken for an absent one.
fn wrong_kinds_of_value(forge: &Forge<'_>, bad: &mut Collection) -> Result<(), KeyError> {
    let header = forge.header();
    let texts = ["iss", "sub", "aud", "client_id", "jti", "scope", "sid", "gid", "acr"];
    let dates = ["exp", "iat", "nbf", "auth_time"];
    let others = ["amr", "cnf", "act", "ver"];
    let common = [("null", Value::Null), ("true", json!(true))];
    let later = forge.now_seconds + 60;
    for name in texts.into_iter().chain(dates).chain(others) {
        for (kind, value) in &common {
            bad.add(format!("{name} is {kind}"), forge.signed(&header, &forge.claims_with(name, value.clone()))?);
        }
    }
    for name in texts {
        for (kind, value) in [("a number", json!(1)), ("an object", json!({"a": "b"})), ("empty", json!(""))] {
            if (name, kind) == ("aud", "empty") {
                continue;
            }
            bad.add(format!("{name} is {kind}"), forge.signed(&header, &forge.claims_with(name, value))?);
        }
    }
    for name in dates {
        for (kind, value) in [("text", json!(later.to_string())), ("a list", json!([later])), ("an object", json!({"t": later}))] {
            bad.add(format!("{name} is {kind}"), forge.signed(&header, &forge.claims_with(name, value))?);
        }
    }
    for name in others {
        bad.add(format!("{name} is text"), forge.signed(&header, &forge.claims_with(name, "1"))?);
    }
    for (name, value) in [("-1", json!(-1)), ("a fraction", json!(1.5)), ("beyond 32 bits", json!(1_u64 << 32))] {
        bad.add(format!("ver is {name}"), forge.signed(&header, &forge.claims_with("ver", value))?);
    }
    bad.add("aud is empty text", forge.signed(&header, &forge.claims_with("aud", ""))?);
    Ok(())
}

fn types(forge: &Forge<'_>, bad: &mut Collection) -> Result<(), KeyError> {
    let payload = forge.payload();
    bad.add("typ missing", forge.signed(&forge.header_without("typ"), &payload)?);
    let texts = [
        "JWT",
        "jwt",
        "at+JWT",
        "AT+JWT",
        "at+jwt ",
        " at+jwt",
        "at+jwt;v=1",
        "at",
        "at+jwt+x",
        "",
        "id_token",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "client-authentication+jwt",
        "statuslist+jwt",
        "application/AT+jwt",
        "application/jwt",
        "application/application/at+jwt",
        "/at+jwt",
    ];
    for text in texts {
        bad.add(format!("typ {text:?}"), forge.signed(&forge.header_with("typ", text), &payload)?);
    }
    for (name, value) in [("null", Value::Null), ("a number", json!(1)), ("a list", json!(["at+jwt"]))] {
        bad.add(format!("typ is {name}"), forge.signed(&forge.header_with("typ", value), &payload)?);
    }
    Ok(())
}

fn extensions(forge: &Forge<'_>, bad: &mut Collection) -> Result<(), KeyError> {
    let payload = forge.payload();
    let header = String::from_utf8(forge.header()).unwrap_or_default();
    let open = header.trim_end_matches('}');
    for members in [
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":"exp""#,
        r#""crit":[1]"#,
        r#""crit":{}"#,
        r#""crit":["alg"]"#,
        r#""crit":["exp"]"#,
        r#""crit":["exp"],"exp":1"#,
        r#""crit":["x","x"],"x":1"#,
        r#""crit":["http://attacker.example/x"],"http://attacker.example/x":true"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["b64"],"b64":true"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""zip":"DEF""#,
        r#""enc":"A128GCM""#,
        r#""enc":null"#,
    ] {
        bad.add(format!("header with {members}"), forge.signed(format!("{open},{members}}}").as_bytes(), &payload)?);
    }
    // One key has one name of its algorithm, even where two names mean the same.
    for (own, other) in [(Algorithm::EdDsa, "Ed25519"), (Algorithm::Ed25519, "EdDSA")] {
        if forge.key.algorithm() == own {
            bad.add(format!("genuine under the name {other}"), forge.signed(&forge.header_with("alg", other), &payload)?);
        }
    }
    Ok(())
}

fn payloads(forge: &Forge<'_>, bad: &mut Collection) -> Result<(), KeyError> {
    let header = forge.header();
    let good = String::from_utf8(forge.payload()).unwrap_or_default();
    let open = good.trim_end_matches('}');
    let texts: Vec<(String, Vec<u8>)> = [
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a number", "1".to_owned()),
        ("a text", "\"x\"".to_owned()),
        ("a list", format!("[{good}]")),
        ("an empty object", "{}".to_owned()),
        ("cut off", open.to_owned()),
        ("two objects", format!("{good}{good}")),
        ("followed by text", format!("{good}x")),
        ("followed by a zero byte", format!("{good}\0")),
        ("after a byte-order mark", format!("\u{feff}{good}")),
        ("with a comment", format!("{good}//")),
        ("with a comma at the end", format!("{open},}}")),
        ("with NaN", format!(r#"{open},"x":NaN}}"#)),
        ("with a number out of range", format!(r#"{open},"x":1e999}}"#)),
        ("with a leading zero", format!(r#"{open},"x":01}}"#)),
        ("with a lone surrogate", format!(r#"{open},"x":"\ud800"}}"#)),
        ("with a raw control character", format!("{open},\"x\":\"\u{1}\"}}")),
        ("with another member twice", format!(r#"{open},"x":1,"x":1}}"#)),
        ("with a member twice further in", format!(r#"{open},"x":[{{"a":1,"a":2}}]}}"#)),
        ("nested 33 deep", format!(r#"{open},"x":{}{}}}"#, "[".repeat(32), "]".repeat(32))),
        ("nested 2000 deep", format!(r#"{open},"x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000))),
        ("a nested token", forge.genuine()),
        ("the claims as text", Value::String(good.clone()).to_string()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .collect();
    for (name, text) in texts {
        bad.add(format!("payload {name}"), forge.signed(&header, &text)?);
    }
    for claim in ["iss", "sub", "aud", "exp", "client_id", "scope", "jti"] {
        let value = forge.claim(claim);
        let value = if claim == "exp" { value } else { format!("{value:?}") };
        bad.add(format!("{claim} twice"), forge.signed(&header, format!(r#"{open},"{claim}":{value},"{claim}":{value}}}"#).as_bytes())?);
    }
    bad.add("exp twice, once escaped", forge.signed(&header, format!(r#"{open},"\u0065xp":9999999999}}"#).as_bytes())?);
    let bytes = [open.as_bytes(), b",\"x\":\"\xc0\xaf\"}"].concat();
    bad.add("payload not UTF-8", forge.signed(&header, &bytes)?);
    Ok(())
}
