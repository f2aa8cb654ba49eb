use serde_json::Value;

use super::details::Details;
use super::relative::with_distance;
use super::text::member;
use super::view::View;

/// When a credential was used, and last refused.
pub(crate) fn used(details: Details, value: &Value, view: &View) -> Details {
    let time = |name: &str| with_distance(&member(value, name), view.now_seconds);
    let refusal = match member(value, "last_refusal") {
        rule if rule.is_empty() => String::new(),
        rule => format!("{}: {rule}", time("last_refused_at")),
    };
    let origins = |name: &str| match value.get(name) {
        Some(seen) => {
            let last: Vec<&str> = seen.get("last").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{}: {}", member(seen, "count"), last.join(" "))
        }
        None => String::new(),
    };
    let details = details.with("networks", origins("networks")).with("used by", origins("agents"));
    details.with("first used", time("first_used_at")).with("last used", time("last_used_at")).with("last refused", refusal)
}
