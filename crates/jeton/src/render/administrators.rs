use serde_json::Value;

use super::details::Details;
use super::relative::with_distance;
use super::suspended::state;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// Everybody who holds a role of the management API.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 4]> = items(value)
        .iter()
        .map(|each| [member(each, "username").into(), member(each, "id").into(), roles(each).join(", ").into(), state(each)])
        .collect();
    if rows.is_empty() {
        return "Nobody manages from elsewhere yet. Give somebody a role:\n  jeton admin create --username ada --role operator\n"
            .to_owned();
    }
    table([Column::flexible("username"), Column::whole("id"), Column::flexible("roles"), Column::whole("state")], &rows, view)
}

/// An administrator who was just made, with their token: once.
pub(crate) fn created(made: &Value, view: &View) -> String {
    let text = Details::default()
        .with("username", member(made, "username"))
        .with("id", member(made, "id"))
        .with_each("roles", roles(made))
        .with("token id", member(made, "key_id"))
        .with("ends", with_distance(&member(made, "expires_at"), view.now_seconds))
        .text(view);
    let token = Details::default().with("token", member(made, "key")).text(view);
    format!("{text}\n{token}\nKeep the token now: it is not stored, and this is the only time it is shown.\n")
}

fn roles(each: &Value) -> Vec<String> {
    let held = each.get("roles").and_then(Value::as_array).into_iter().flatten();
    let shown = held.map(|role| {
        let through = role.get("group").map(|_| format!(" by {}", member(role, "group"))).unwrap_or_default();
        format!("{}{through}", member(role, "name"))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn administrators() {
        let ada = json!({
            "id": "user_0123456789abcdefghij", "username": "ada", "state": "active",
            "roles": [{"name": "operator"}, {"name": "auditor", "group": "watch"}], "permissions": "jeton:keys:read",
        });
        let listed = anstream::adapter::strip_str(&list(&json!({"items": [ada]}), &VIEW)).to_string();
        insta::assert_snapshot!(listed, @"
        USERNAME  ID                         ROLES                       STATE
        ada       user_0123456789abcdefghij  operator, auditor by watch  active
        ");
        let mut made = ada;
        made["key"] = json!("jtn_pat_x");
        made["key_id"] = json!("0199a2b3c4d57e6f8a9b0c1d2e3f4a5b");
        made["expires_at"] = json!("2026-10-21T14:13:20Z");
        let shown = anstream::adapter::strip_str(&created(&made, &VIEW)).to_string();
        for line in [
            "username  ada",
            "roles     operator",
            "token id  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b",
            "\ntoken  jtn_pat_x\n\nKeep the token now",
        ] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        assert!(list(&json!({"items": []}), &VIEW).contains("jeton admin create"));
    }
}
