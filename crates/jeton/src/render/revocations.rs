use serde_json::Value;

use super::details::wrap;
use super::text::member;
use super::view::View;

/// What fell, by kind.
pub(crate) fn show(revoked: &Value, view: &View) -> String {
    let warning = member(revoked, "warning");
    let mut text = fell(revoked);
    if !warning.is_empty() {
        wrap(&format!("Warning: {warning}."), view.width).iter().for_each(|line| text.push_str(&format!("{line}\n")));
    }
    text
}

fn fell(revoked: &Value) -> String {
    let count = revoked.pointer("/fell/access_tokens").and_then(Value::as_u64);
    let tokens = match count {
        Some(1) => "1 access token".to_owned(),
        Some(count) => format!("{count} access tokens"),
        None => "access tokens that were too many to count".to_owned(),
    };
    let is_dry_run = revoked.get("dry_run").and_then(Value::as_bool) == Some(true);
    let verb = if is_dry_run { "Would end" } else { "Revoked" };
    match (member(revoked, "before"), count, is_dry_run) {
        (before, _, _) if !before.is_empty() => format!("{verb} {tokens}: what was issued before {before}.\n"),
        (_, Some(0), false) => "It was over already: nothing fell.\n".to_owned(),
        _ => format!("{verb} {tokens}.\n"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fell() {
        let view = View { now_seconds: 0, width: 80 };
        for (revoked, expected) in [
            (json!({"fell": {"access_tokens": 1}, "dry_run": false}), "Revoked 1 access token.\n"),
            (json!({"fell": {"access_tokens": 0}, "dry_run": false}), "It was over already: nothing fell.\n"),
            (
                json!({"fell": {"access_tokens": 12}, "before": "2026-09-21T14:11:20Z", "dry_run": false}),
                "Revoked 12 access tokens: what was issued before 2026-09-21T14:11:20Z.\n",
            ),
            (
                json!({"fell": {"access_tokens": null}, "before": "2026-09-21T14:11:20Z", "dry_run": false}),
                "Revoked access tokens that were too many to count: what was issued before 2026-09-21T14:11:20Z.\n",
            ),
            (json!({"fell": {"access_tokens": 0}, "dry_run": true}), "Would end 0 access tokens.\n"),
            (json!({"fell": {"access_tokens": 1}, "dry_run": false, "warning": "ahead"}), "Revoked 1 access token.\nWarning: ahead.\n"),
        ] {
            assert_eq!(show(&revoked, &view), expected);
        }
    }
}
