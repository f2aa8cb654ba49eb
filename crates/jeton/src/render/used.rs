use jeton_http::api::rfc3339;
use serde_json::Value;

use super::details::Details;
use super::relative::from_now;
use super::text::member;
use super::view::View;

/// When a credential was used, and last refused.
pub(crate) fn used(details: Details, value: &Value, view: &View) -> Details {
    let refusal = match member(value, "last_refusal") {
        rule if rule.is_empty() => String::new(),
        rule => format!("{}: {rule}", to_the_minute(value, "last_refused_at", view.now_seconds)),
    };
    let origins = |name: &str| match value.get(name) {
        Some(seen) => {
            let last: Vec<&str> = seen.get("last").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{}: {}", member(seen, "count"), last.join(" "))
        }
        None => String::new(),
    };
    let details = details.with("networks", origins("networks")).with("used by", origins("agents"));
    let [first, last] = ["first_used_at", "last_used_at"].map(|name| to_the_minute(value, name, view.now_seconds));
    details.with("first used", first).with("last used", last).with("last refused", refusal)
}

/// How a use lies from now: never before what was used was there.
pub(crate) fn distance(value: &Value, name: &str, now_seconds: i64) -> String {
    let begun = rfc3339::parse(&member(value, "created_at"));
    let at = rfc3339::parse(&member(value, name)).map(|at| at.max(begun.unwrap_or(at)));
    match at {
        // The minute is not over: when in it is not known.
        Some(at) if (0..60).contains(&now_seconds.saturating_sub(at)) => "now".to_owned(),
        Some(at) => from_now(at, now_seconds),
        None => String::new(),
    }
}

/// A time that is known to the minute, with how it lies from now: never before what was used was there.
pub(crate) fn to_the_minute(value: &Value, name: &str, now_seconds: i64) -> String {
    let text = member(value, name);
    match (text.get(.."2026-01-31T23:59".len()), distance(value, name, now_seconds)) {
        (Some(minute), distance) if !distance.is_empty() => format!("{minute}Z ({distance})"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_use_is_told_to_the_minute_and_never_before_what_was_used_was_there() {
        // 2026-09-21T14:13:20Z.
        let now_seconds = 1_790_000_000;
        for (used, created, expected) in [
            ("2026-09-21T14:12:00Z", "2026-09-21T14:12:55Z", "2026-09-21T14:12Z (now)"),
            ("2026-09-21T14:12:00Z", "2026-09-20T14:12:00Z", "2026-09-21T14:12Z (80 s ago)"),
            ("2026-09-21T14:11:00Z", "2026-09-21T14:11:57Z", "2026-09-21T14:11Z (83 s ago)"),
            ("2026-09-21T14:13:00Z", "2026-09-21T14:13:20Z", "2026-09-21T14:13Z (now)"),
        ] {
            let told = to_the_minute(&json!({"last_used_at": used, "created_at": created}), "last_used_at", now_seconds);
            assert_eq!(told, expected);
        }
        assert_eq!(to_the_minute(&json!({}), "last_used_at", now_seconds), "");
    }
}
