//! What became of keys, or of people, that were imported.

use serde_json::Value;

use super::text::member;
use super::view::View;

/// How many lines are shown one by one of each kind.
const SHOWN: usize = 20;

/// How many there are, and those that are not as their line says, or as somebody may think.
pub(crate) fn imported(report: &Value, _: &View) -> String {
    let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or(0);
    let refused = list(report, "refused");
    let is_planned = report.get("dry_run").and_then(Value::as_bool) == Some(true);
    let done = if is_planned { "would be imported" } else { "imported" };
    let mut text = format!("{} {done}, {} there already, {} refused.\n", number("imported"), number("existed"), refused.len());
    text.push_str(&lines(refused, |one| member(one, "detail")));
    if let Some(spread) = report.get("spread") {
        let of = match spread.get("keys").and_then(Value::as_u64).unwrap_or(0) {
            1 => "1 names no end, and ends".to_owned(),
            of => format!("{of} name no end, and end"),
        };
        let [first, last] = ["first", "last"].map(|name| day(&member(spread, name)));
        let when = if first == last { format!("on {first}") } else { format!("between {first} and {last}") };
        text.push_str(&format!("\n{of} {when} (the default, spread).\n"));
    }
    let shortened = list(report, "shortened");
    if !shortened.is_empty() {
        let of = if shortened.len() == 1 { "1 ends".to_owned() } else { format!("{} end", shortened.len()) };
        text.push_str(&format!("\n{of} earlier than said, since keys may not live that long here:\n"));
        text.push_str(&lines(shortened, |one| format!("{}, not {}", day(&member(one, "ends_at")), day(&member(one, "said")))));
    }
    let unscoped = list(report, "unscoped");
    if !unscoped.is_empty() {
        let of = if unscoped.len() == 1 {
            "1 names no scope, and has".to_owned()
        } else {
            format!("{} name no scope, and have", unscoped.len())
        };
        text.push_str(&format!("\n{of} the API's default, or all its owner may have:\n"));
        text.push_str(&lines(unscoped, |one| scope(&member(one, "scope"))));
    }
    text
}

fn list<'r>(report: &'r Value, name: &str) -> &'r [Value] {
    report.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The first of them, each with its line.
fn lines(all: &[Value], said: impl Fn(&Value) -> String) -> String {
    let mut text = String::new();
    for one in all.iter().take(SHOWN) {
        let line = one.get("line").and_then(Value::as_u64).unwrap_or(0);
        text.push_str(&format!("  line {line}: {}\n", said(one)));
    }
    if all.len() > SHOWN {
        text.push_str(&format!("  and {} more: --json shows them all\n", all.len() - SHOWN));
    }
    text
}

fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().to_owned()
}

fn scope(scope: &str) -> String {
    if scope.is_empty() { "no scope".to_owned() } else { scope.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn what_is_not_as_it_was_said_is_told() {
        insta::assert_snapshot!(imported(&json!({"imported": 5, "existed": 1, "refused": [], "dry_run": false}), &VIEW), @"
        5 imported, 1 there already, 0 refused.
        ");
        let report = json!({
            "imported": 4, "existed": 0, "dry_run": true,
            "refused": [{"line": 7, "code": "invalid_request", "detail": "`max_uses` is no number"}],
            "spread": {"keys": 2, "first": "2027-02-25T01:00:00Z", "last": "2027-03-20T01:00:00Z"},
            "shortened": [{"line": 3, "said": "2030-01-01T00:00:00Z", "ends_at": "2027-03-20T11:00:00Z"}],
            "unscoped": [{"line": 3, "scope": "orders:read orders:write"}, {"line": 4, "scope": ""}],
        });
        insta::assert_snapshot!(imported(&report, &VIEW), @"
        4 would be imported, 0 there already, 1 refused.
          line 7: `max_uses` is no number

        2 name no end, and end between 2027-02-25 and 2027-03-20 (the default, spread).

        1 ends earlier than said, since keys may not live that long here:
          line 3: 2027-03-20, not 2030-01-01

        2 name no scope, and have the API's default, or all its owner may have:
          line 3: orders:read orders:write
          line 4: no scope
        ");
    }

    #[test]
    fn a_long_list_is_cut() {
        let refused: Vec<Value> = (1..=25).map(|line| json!({"line": line, "detail": "no"})).collect();
        let text = imported(&json!({"imported": 0, "existed": 0, "refused": refused}), &VIEW);
        assert!(text.contains("line 20: no\n  and 5 more: --json shows them all\n") && !text.contains("line 21"), "{text}");
    }
}
