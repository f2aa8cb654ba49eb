//! The steps of a key's life, in words.

use jeton_http::api::rfc3339;
use serde_json::Value;

use super::explanation::dated;
use super::text::member;
use super::view::View;
use super::why::after_colon;

/// A line for each step, the first one first.
pub(crate) fn lines(explained: &Value, view: &View) -> Vec<String> {
    let steps = explained.get("timeline").and_then(Value::as_array).into_iter().flatten();
    let mut lines: Vec<String> = steps.map(|step| line(step, view)).collect();
    if explained.get("timeline_has_more").and_then(Value::as_bool) == Some(true) {
        lines.insert(0, "  More lies before this, or is not found: `jeton audit tail`.\n".to_owned());
    }
    lines
}

fn line(step: &Value, view: &View) -> String {
    let Some(data) = step.get("data") else { return dated(&member(step, "at"), &format!("{}, erased", member(step, "event")), view) };
    let by = member(data, "actor");
    let words = words(&member(step, "event"), data);
    let words = if by.is_empty() { words } else { format!("{words} (by {by})") };
    dated(&member(step, "at"), &words, view)
}

fn words(event: &str, data: &Value) -> String {
    let text = |name: &str| member(data, name);
    let time = |name: &str| data.get(name).and_then(Value::as_i64).map(rfc3339::format).unwrap_or_default();
    match event {
        "api_key.created" => format!("made for {}, {}, until {}", text("owner"), scopes(data), time("expires_at_seconds")),
        "api_key.imported" => {
            format!("taken over from elsewhere for {}, {}, until {}", text("owner"), scopes(data), time("expires_at_seconds"))
        }
        "api_key.narrowed" => format!("allows less: {}", text("changed")),
        "api_key.widened" => format!("allows more: {}", text("changed")),
        "api_key.described" => format!("described otherwise: {}", text("changed")),
        "api_key.rotated" => {
            let who = if data.get("by_itself").and_then(Value::as_i64) == Some(1) { "gave itself" } else { "got" };
            format!("{who} another text, until {}; the one before ends at {}", time("expires_at_seconds"), time("ends_at_seconds"))
        }
        "api_key.secret_confirmed" => "used the text that it gave itself".to_owned(),
        "api_key.told_again" => "told the text that it gave itself again, to whoever has the one before".to_owned(),
        "api_key.secret_ended" => format!("the text before ends at {}", time("ends_at_seconds")),
        "api_key.transferred" => format!("given from {} to {}", text("from"), text("to")),
        "api_key.suspended" => format!("suspended{}", after_colon(data)),
        "api_key.resumed" => "resumed".to_owned(),
        "api_key.revoked" => format!("revoked{}", after_colon(data)),
        "api_key.cut_off" => "a cut-off had ended it".to_owned(),
        "credential.expiring" => {
            let days = data.get("days").and_then(Value::as_i64).unwrap_or(0);
            format!("told that it ends in {days} {}, at {}", if days == 1 { "day" } else { "days" }, time("expires_at_seconds"))
        }
        "policy_exception.created" => {
            format!("may live beyond the maximum until {}: {} ({} answers for it)", time("ends_at_seconds"), text("reason"), text("owner"))
        }
        other => other.to_owned(),
    }
}

fn scopes(data: &Value) -> String {
    match member(data, "scopes") {
        scopes if scopes.is_empty() => "for nothing".to_owned(),
        scopes => format!("for {scopes}"),
    }
}
