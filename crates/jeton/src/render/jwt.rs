use jeton_http::api::rfc3339;
use serde_json::{Map, Value};

use super::fold::wrap;
use super::relative::with_distance;
use super::text::shown;
use super::view::View;

/// A token that was taken apart.
pub(crate) fn decoded(token: &Value, view: &View) -> String {
    let findings = token.get("findings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut text = parts(token, view);
    let mut findings = findings.peekable();
    if findings.peek().is_some() {
        text.push_str("\nwhat stands out\n");
        findings.for_each(|finding| text.push_str(&bullet(finding, view)));
    }
    text.push_str("\nThe signature was NOT checked: anybody may have written this. `jeton jwt verify`\nchecks it.\n");
    text
}

/// A token that was checked.
pub(crate) fn verified(token: &Value, view: &View) -> String {
    let unchecked: Vec<&str> = token.get("unchecked").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let note = match unchecked.as_slice() {
        [] => String::new(),
        names => format!("Not compared: {} (name them with --issuer, --audience, --typ).\n", names.join(", ")),
    };
    format!(
        "{}\nThe token is sound: its signature is right, and its time is now.\n{note}\
        Not asked: whether it was revoked. `jeton token introspect` asks the server.\n",
        parts(token, view)
    )
}

fn parts(token: &Value, view: &View) -> String {
    let members = |name: &str| token.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    format!("header\n{}\nclaims\n{}", lines(&members("header"), view), lines(&members("claims"), view))
}

/// Members as indented lines; times as people write them.
fn lines(members: &Map<String, Value>, view: &View) -> String {
    let widest = members.keys().map(|name| shown(name).chars().count()).max().unwrap_or(0);
    let room = view.width.saturating_sub(widest + 4).max(20);
    let mut text = String::new();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        for (place, part) in wrap(&one(name, value, view), room).iter().enumerate() {
            let name = if place == 0 { shown(name) } else { String::new() };
            text.push_str(format!("  {name:widest$}  {part}").trim_end());
            text.push('\n');
        }
    }
    text
}

fn one(name: &str, value: &Value, view: &View) -> String {
    match (name, value.as_i64(), value.as_str()) {
        ("exp" | "nbf" | "iat" | "auth_time" | "updated_at", Some(seconds), _) => {
            format!("{seconds}  {}", with_distance(&rfc3339::format(seconds), view.now_seconds))
        }
        (_, _, Some(text)) => shown(text),
        _ => shown(&value.to_string()),
    }
}

fn bullet(sentence: &str, view: &View) -> String {
    let room = view.width.saturating_sub(4);
    let lines = wrap(&shown(sentence), room);
    lines.iter().enumerate().map(|(place, line)| format!("  {} {line}\n", if place == 0 { "-" } else { " " })).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn a_token_taken_apart() {
        let token = json!({
            "header": {"alg": "HS256", "typ": "JWT"},
            "claims": {"aud": ["https://orders.example", "https://stock.example"], "exp": 1_789_740_800, "iat": 1_789_737_200, "iss": "https://id.example.com", "scope": "a\u{1b}[2Jb"},
            "findings": ["HS256: whoever can check it can also make it", "expired 3 d ago"],
        });
        insta::assert_snapshot!(decoded(&token, &VIEW), @r#"
        header
          alg  HS256
          typ  JWT

        claims
          aud    ["https://orders.example","https://stock.example"]
          exp    1789740800  2026-09-18T14:13:20Z (3 d ago)
          iat    1789737200  2026-09-18T13:13:20Z (3 d ago)
          iss    https://id.example.com
          scope  a�[2Jb

        what stands out
          - HS256: whoever can check it can also make it
          - expired 3 d ago

        The signature was NOT checked: anybody may have written this. `jeton jwt verify`
        checks it.
        "#);
        insta::assert_snapshot!(verified(&json!({"header": {"alg": "ES256"}, "claims": {}, "unchecked": ["iss"]}), &VIEW), @"
        header
          alg  ES256

        claims

        The token is sound: its signature is right, and its time is now.
        Not compared: iss (name them with --issuer, --audience, --typ).
        Not asked: whether it was revoked. `jeton token introspect` asks the server.
        ");
    }
}
