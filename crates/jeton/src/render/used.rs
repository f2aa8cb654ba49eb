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
    details.with("first used", time("first_used_at")).with("last used", time("last_used_at")).with("last refused", refusal)
}
