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
    if explained.get("timeline_was_erased").and_then(Value::as_bool) == Some(true) {
        lines.push("  Some of it is told no longer: it was erased, or is too long ago.\n".to_owned());
    }
    lines
}

fn line(step: &Value, view: &View) -> String {
    let Some(data) = step.get("data") else { return dated(&member(step, "at"), &format!("{}, erased", member(step, "event")), view) };
    let (by, entry) = (member(data, "actor"), member(step, "sequence"));
    let words = words(&member(step, "event"), data);
    let words = match (by.is_empty(), entry.is_empty()) {
        (true, true) => words,
        (true, false) => format!("{words} (entry {entry})"),
        (false, true) => format!("{words} (by {by})"),
        (false, false) => format!("{words} (by {by}, entry {entry})"),
    };
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_step_has_its_words() {
        let (at, ends) = ("2026-09-18T14:13:20Z", 1_797_516_800);
        let step = |event: &str, data: Value| json!({"at": at, "event": event, "data": data});
        let by = "unix:1000";
        let explained = json!({"timeline_has_more": true, "timeline": [
            step("api_key.created", json!({"actor": by, "owner": "external:acme", "scopes": "orders:read orders:write", "expires_at_seconds": ends})),
            step("api_key.imported", json!({"actor": by, "owner": "external:acme", "scopes": "", "expires_at_seconds": ends})),
            step("api_key.narrowed", json!({"actor": by, "changed": "scope allow_ip"})),
            step("api_key.widened", json!({"actor": by, "changed": "expires_at"})),
            step("api_key.described", json!({"actor": by, "changed": "note"})),
            step("api_key.rotated", json!({"actor": by, "by_itself": 0, "ends_at_seconds": ends, "expires_at_seconds": ends})),
            step("api_key.rotated", json!({"actor": "key:a", "by_itself": 1, "ends_at_seconds": ends, "expires_at_seconds": ends})),
            step("api_key.secret_confirmed", json!({"actor": "key:a"})),
            step("api_key.told_again", json!({"actor": "key:a"})),
            step("api_key.secret_ended", json!({"actor": by, "ends_at_seconds": ends})),
            step("api_key.transferred", json!({"actor": by, "from": "external:acme", "to": "user:user_a"})),
            step("api_key.suspended", json!({"actor": by, "why": "seen in a public repository"})),
            step("api_key.resumed", json!({"actor": by})),
            step("api_key.revoked", json!({"actor": by, "why": "owner_left"})),
            step("api_key.cut_off", json!({"actor": "system"})),
            step("credential.expiring", json!({"actor": "system", "days": 1, "expires_at_seconds": ends})),
            step("policy_exception.created", json!({"actor": by, "owner": "Ada", "reason": "cannot be reached", "ends_at_seconds": ends})),
            json!({"at": at, "event": "api_key.narrowed"}),
            step("what.comes_later", json!({"actor": by})),
        ]});
        let text: String = lines(&explained, &View { now_seconds: 1_790_000_000, width: 80 }).concat();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text, @"
        More lies before this, or is not found: `jeton audit tail`.
        2026-09-18T14:13Z  made for external:acme, for orders:read orders:write, until
                           2026-12-17T14:13:20Z (by unix:1000)
        2026-09-18T14:13Z  taken over from elsewhere for external:acme, for nothing,
                           until 2026-12-17T14:13:20Z (by unix:1000)
        2026-09-18T14:13Z  allows less: scope allow_ip (by unix:1000)
        2026-09-18T14:13Z  allows more: expires_at (by unix:1000)
        2026-09-18T14:13Z  described otherwise: note (by unix:1000)
        2026-09-18T14:13Z  got another text, until 2026-12-17T14:13:20Z; the one
                           before ends at 2026-12-17T14:13:20Z (by unix:1000)
        2026-09-18T14:13Z  gave itself another text, until 2026-12-17T14:13:20Z; the
                           one before ends at 2026-12-17T14:13:20Z (by key:a)
        2026-09-18T14:13Z  used the text that it gave itself (by key:a)
        2026-09-18T14:13Z  told the text that it gave itself again, to whoever has the
                           one before (by key:a)
        2026-09-18T14:13Z  the text before ends at 2026-12-17T14:13:20Z (by unix:1000)
        2026-09-18T14:13Z  given from external:acme to user:user_a (by unix:1000)
        2026-09-18T14:13Z  suspended: seen in a public repository (by unix:1000)
        2026-09-18T14:13Z  resumed (by unix:1000)
        2026-09-18T14:13Z  revoked: owner left (by unix:1000)
        2026-09-18T14:13Z  a cut-off had ended it (by system)
        2026-09-18T14:13Z  told that it ends in 1 day, at 2026-12-17T14:13:20Z (by
                           system)
        2026-09-18T14:13Z  may live beyond the maximum until 2026-12-17T14:13:20Z:
                           cannot be reached (Ada answers for it) (by unix:1000)
        2026-09-18T14:13Z  api_key.narrowed, erased
        2026-09-18T14:13Z  what.comes_later (by unix:1000)
        ");
    }
}
