//! What is suspended, as a list of its own.

use serde_json::Value;

use super::relative::text_from_now;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;
use super::why::why;

/// All that are suspended.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|suspended| {
            [
                member(suspended, "kind").into(),
                name(suspended).into(),
                text_from_now(&member(suspended, "suspended_at"), view.now_seconds).into(),
                member(suspended, "suspended_by").into(),
                why(suspended).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No client, API, user, group or owner outside is suspended. Of single keys:\n  jeton key list --state suspended\n"
            .to_owned();
    }
    let columns =
        [Column::whole("kind"), Column::flexible("name"), Column::whole("suspended"), Column::flexible("by"), Column::flexible("why")];
    table(columns, &rows, view)
}

/// Its name; of an owner outside, how many keys, too.
fn name(suspended: &Value) -> String {
    match (member(suspended, "name"), suspended.get("keys").and_then(Value::as_u64)) {
        (name, None) => name,
        (name, Some(1)) => format!("{name}, 1 key"),
        (name, Some(keys)) => format!("{name}, {keys} keys"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn lists_what_is_suspended() {
        let suspended = |kind: &str, name: &str, why: &str| json!({"kind": kind, "id": "x", "name": name, "suspended_at": "2026-09-21T14:11:20Z", "suspended_by": "unix:1000", "why": why});
        let all = [
            suspended("client", "nightly", "odd traffic from a network that nobody knows"),
            suspended("api", "https://orders.example", "unspecified"),
            suspended("user", "ada\u{1b}[2J", "owner_left"),
            json!({"kind": "owner", "id": "external:acme", "name": "external:acme", "keys": 2, "suspended_at": "2026-09-21T14:11:20Z", "suspended_by": "unix:1000", "why": "unpaid"}),
        ];
        let text = list(&json!({"items": all}), &VIEW);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        KIND    NAME                    SUSPENDED  BY         WHY
        client  nightly                 2 min ago  unix:1000  odd traffic from a networ…
        api     https://orders.example  2 min ago  unix:1000
        user    ada�[2J                 2 min ago  unix:1000  owner left
        owner   external:acme, 2 keys   2 min ago  unix:1000  unpaid
        ");
        assert!(list(&json!({"items": []}), &VIEW).contains("--state suspended"));
    }
}
