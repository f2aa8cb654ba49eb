use serde_json::Value;

use super::relative::text_from_now;
use super::table::{Cell, Column, Tone, table};
use super::text::{items, member};
use super::view::View;

/// All signing keys.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value)
        .iter()
        .map(|key| {
            let state = member(key, "state");
            let life = match (member(key, "remove_at"), member(key, "activated_at")) {
                (end, _) if !end.is_empty() => text_from_now(&end, view.now_seconds),
                (_, since) if !since.is_empty() => text_from_now(&since, view.now_seconds),
                _ => text_from_now(&member(key, "created_at"), view.now_seconds),
            };
            [
                member(key, "kid").into(),
                member(key, "alg").into(),
                if member(key, "purpose") == "ledger" { "ledger".into() } else { "tokens".into() },
                Cell::toned(&state, Tone::of_standing(&state)),
                life.into(),
            ]
        })
        .collect();
    table(
        [Column::whole("kid"), Column::whole("alg"), Column::whole("signs"), Column::whole("state"), Column::whole("since/gone")],
        &rows,
        view,
    )
}

/// The epochs of the root key.
pub(crate) fn epochs(value: &Value, _: &View) -> String {
    let current = value.get("current").and_then(Value::as_u64);
    let epochs = value.get("epochs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64);
    epochs.map(|epoch| if Some(epoch) == current { format!("epoch {epoch}  current\n") } else { format!("epoch {epoch}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn keys() {
        let key = |state: &str, activated: Option<&str>, remove: Option<&str>| {
            json!({"kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "alg": "ES256", "purpose": "token", "state": state,
                "created_at": "2026-09-20T14:13:20Z", "activated_at": activated, "remove_at": remove})
        };
        let items = [
            key("next", None, None),
            key("current", Some("2026-09-21T14:11:20Z"), None),
            key("retired", Some("2026-06-21T14:11:20Z"), Some("2026-09-23T14:11:20Z")),
        ];
        insta::assert_snapshot!(anstream::adapter::strip_str(&list(&json!({ "items": items }), &VIEW)).to_string(), @"
        KID                                          ALG    SIGNS   STATE    SINCE/GONE
        NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs  ES256  tokens  next     1 d ago
        NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs  ES256  tokens  current  2 min ago
        NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs  ES256  tokens  retired  in 47 h
        ");
        insta::assert_snapshot!(epochs(&json!({"current": 2, "epochs": [1, 2]}), &VIEW), @"
        epoch 1
        epoch 2  current
        ");
    }
}
