//! What people let clients do.

use serde_json::Value;

use super::relative::text_from_now;
use super::suspended::state;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All grants.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 7]> = items(value)
        .iter()
        .map(|grant| {
            let time = |name: &str| text_from_now(&member(grant, name), view.now_seconds);
            [
                member(grant, "username").into(),
                member(grant, "client_name").into(),
                member(grant, "id").into(),
                scopes(grant).into(),
                time("created_at").into(),
                refreshed(grant, time("last_refreshed_at")).into(),
                state(grant),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No application may do anything for anybody here.\n".to_owned();
    }
    let columns = [
        Column::flexible("user"),
        Column::flexible("client"),
        Column::whole("id"),
        Column::flexible("scope"),
        Column::whole("since"),
        Column::whole("refreshed"),
        Column::whole("state"),
    ];
    table(columns, &rows, view)
}

/// What became of a grant.
pub(crate) fn ended(value: &Value, _: &View) -> String {
    match value.get("ended").and_then(Value::as_bool) {
        Some(false) => "It had ended before.\n".to_owned(),
        _ => "Ended, with its refresh tokens and access tokens.\n".to_owned(),
    }
}

/// All it may do: of who the person is, and of each API.
fn scopes(grant: &Value) -> String {
    let of_apis = grant.get("access").and_then(Value::as_array).into_iter().flatten().map(|at| member(at, "scope"));
    let all: Vec<String> = std::iter::once(member(grant, "identity")).chain(of_apis).filter(|scope| !scope.is_empty()).collect();
    all.join(" ")
}

/// When it was last refreshed, where it ever was.
fn refreshed(grant: &Value, at: String) -> String {
    match grant.get("refreshes").and_then(Value::as_u64) {
        None => "not at all".to_owned(),
        Some(0) => "not yet".to_owned(),
        Some(_) => at,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 110 };

    #[test]
    fn lists_grants() {
        let grant = |refreshes: Value| {
            json!({"id": "019967c5a3807d2f8e51b0a4c3d2e1f0", "username": "ada", "client_name": "shop\u{1b}[2J", "state": "active",
                "identity": "openid", "access": [{"audience": "https://orders.example", "scope": "orders:read"}], "refreshes": refreshes,
                "created_at": "2026-09-18T14:13:20Z", "last_refreshed_at": "2026-09-21T14:11:20Z"})
        };
        let text = list(&json!({"items": [grant(json!(7)), grant(json!(0)), grant(Value::Null)]}), &VIEW);
        let text = anstream::adapter::strip_str(&text).to_string();
        for part in ["CLIENT", "019967c5a3807d2f8e51b0a4c3d2e1f0", "openid orders:read", "3 d ago", "2 min ago", "not yet", "not at all"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn says_what_became_of_one() {
        assert_eq!(ended(&json!({"id": "x", "ended": true}), &VIEW), "Ended, with its refresh tokens and access tokens.\n");
        assert_eq!(ended(&json!({"id": "x", "ended": false}), &VIEW), "It had ended before.\n");
    }
}
