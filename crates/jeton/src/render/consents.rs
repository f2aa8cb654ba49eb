//! What people said clients may have.

use serde_json::Value;

use super::relative::text_from_now;
use super::table::{Cell, Column, table};
use super::text::{items, member};
use super::view::View;

/// All that somebody said.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|consent| {
            let time = |name: &str| text_from_now(&member(consent, name), view.now_seconds);
            [
                member(consent, "client_name").into(),
                member(consent, "audience").into(),
                member(consent, "scope").into(),
                time("given_at").into(),
                time("expires_at").into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "They said nothing of any application.\n".to_owned();
    }
    let columns = [
        Column::flexible("client"),
        Column::flexible("audience"),
        Column::flexible("scope"),
        Column::whole("given"),
        Column::whole("ends"),
    ];
    table(columns, &rows, view)
}

/// What ended with a withdrawal.
pub(crate) fn withdrawn(value: &Value, _: &View) -> String {
    let count = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    match (count("consents"), count("grants")) {
        (0, 0) => "There was nothing to take back.\n".to_owned(),
        (_, 0) => "Taken back; no grant had come of it.\n".to_owned(),
        (_, 1) => "Taken back, and 1 grant ended with it.\n".to_owned(),
        (_, grants) => format!("Taken back, and {grants} grants ended with it.\n"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 100 };

    #[test]
    fn lists_consents() {
        let consent = json!({"client_name": "shop\u{1b}[2J", "audience": "https://orders.example", "scope": "orders:read",
            "given_at": "2026-09-21T14:11:20Z", "expires_at": "2026-09-24T14:13:20Z"});
        let text = anstream::adapter::strip_str(&list(&json!({"items": [consent]}), &VIEW)).to_string();
        for part in ["CLIENT", "https://orders.example", "orders:read", "2 min ago", "in 3 d"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn says_what_was_taken_back() {
        for (consents, grants, expected) in [
            (0, 0, "There was nothing to take back.\n"),
            (2, 0, "Taken back; no grant had come of it.\n"),
            (2, 1, "Taken back, and 1 grant ended with it.\n"),
            (0, 3, "Taken back, and 3 grants ended with it.\n"),
        ] {
            assert_eq!(withdrawn(&json!({"consents": consents, "grants": grants}), &VIEW), expected);
        }
    }
}
