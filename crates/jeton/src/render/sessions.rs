//! Sessions of people.

use serde_json::Value;

use super::relative::text_from_now;
use super::suspended::state;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All sessions.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 7]> = items(value)
        .iter()
        .map(|session| {
            let time = |name: &str| text_from_now(&member(session, name), view.now_seconds);
            [
                member(session, "username").into(),
                member(session, "id").into(),
                time("created_at").into(),
                time("last_seen_at").into(),
                member(session, "network").into(),
                member(session, "agent").into(),
                state(session),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nobody is signed in.\n".to_owned();
    }
    let columns = [
        Column::flexible("user"),
        Column::whole("id"),
        Column::whole("began"),
        Column::whole("last seen"),
        Column::flexible("network"),
        Column::flexible("agent"),
        Column::whole("state"),
    ];
    table(columns, &rows, view)
}

/// What ended with a session.
pub(crate) fn ended(value: &Value, _: &View) -> String {
    match value.get("grants").and_then(Value::as_u64) {
        Some(1) => "Ended, and 1 grant with it.\n".to_owned(),
        Some(count) if count > 0 => format!("Ended, and {count} grants with it.\n"),
        _ => "Ended.\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 100 };

    #[test]
    fn lists_sessions() {
        let session = json!({"id": "019967c5a3807d2f8e51b0a4c3d2e1f0", "username": "ada\u{1b}[2J", "state": "active",
            "created_at": "2026-09-18T14:13:20Z", "last_seen_at": "2026-09-21T14:11:20Z", "network": "192.0.2.0/24", "agent": "Firefox/140"});
        let text = list(&json!({"items": [session]}), &VIEW);
        let text = anstream::adapter::strip_str(&text).to_string();
        for part in ["USER", "LAST SEEN", "019967c5a3807d2f8e51b0a4c3d2e1f0", "3 d ago", "2 min ago", "192.0.2.0/24", "Firefox/140"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(list(&json!({"items": []}), &VIEW), "Nobody is signed in.\n");
    }

    #[test]
    fn says_what_ended() {
        for (count, expected) in [(0, "Ended.\n"), (1, "Ended, and 1 grant with it.\n"), (3, "Ended, and 3 grants with it.\n")] {
            assert_eq!(ended(&json!({"id": "x", "grants": count}), &VIEW), expected);
        }
    }
}
