use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, Tone, table};
use super::text::{items, member};
use super::used::to_the_minute;
use super::view::View;

/// What was counted of a subject.
pub(crate) fn series(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 4]> = items(value).iter().map(|item| row(item, &member(value, "resolution"))).collect();
    let mut text = match rows.as_slice() {
        [] => {
            format!("Nothing was counted of {}\nfrom {} to {}.\n", member(value, "subject"), member(value, "from"), member(value, "until"))
        }
        rows => {
            let columns = [Column::whole("from"), Column::flexible("audience"), Column::whole("outcome"), Column::number("count")];
            table(columns, rows, view)
        }
    };
    let last = member(value, "last_used_at");
    if !last.is_empty() {
        text.push_str(&format!("\nLast used {}.\n", to_the_minute(value, "last_used_at", view.now_seconds)));
    }
    text.push_str(&lost(value));
    text.push_str(&unreported(value));
    text
}

fn row(item: &Value, resolution: &str) -> [Cell; 4] {
    let start = member(item, "start");
    let shown = match resolution {
        "day" => start.get(..10).unwrap_or(&start).to_owned(),
        // To the minute: `2026-01-31T23:00Z`.
        _ => start.get(..16).map_or_else(|| start.clone(), |start| format!("{start}Z")),
    };
    let outcome = member(item, "outcome");
    let tone = match outcome.as_str() {
        "issued" | "active" | "introspected" | "valid" | "offline_accepted" | "offline_former_issuer" => Tone::Plain,
        _ => Tone::Warning,
    };
    [shown.into(), member(item, "audience").into(), Cell::toned(outcome, tone), member(item, "count").into()]
}

/// What is missing, since these counts began.
fn lost(value: &Value) -> String {
    let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    match (number("seconds_lost"), number("uses_dropped")) {
        (0, 0) => String::new(),
        (seconds, 0) => format!("\nNot counted so far: {seconds} s at most, before a server ended without a last word.\n"),
        (seconds, uses) => {
            format!("\nNot counted so far: {seconds} s at most, and {uses} uses that could not be written.\n")
        }
    }
}

/// What verifiers could not tell.
fn unreported(value: &Value) -> String {
    let number = |name: &str| value.pointer(name).and_then(Value::as_u64).unwrap_or(0);
    match (number("/reports/batches_lost"), number("/reports/checks_dropped")) {
        (0, 0) => String::new(),
        (batches, checks) => {
            format!("\nOf the last two days' reports of verifiers {batches} never came, and {checks} checks were\nnot kept for one.\n")
        }
    }
}

/// What is granted and was not used.
pub(crate) fn unused(value: &Value, view: &View) -> String {
    let since = with_distance(&member(value, "since"), view.now_seconds);
    if value.get("is_known").and_then(Value::as_bool) != Some(true) {
        let counted = member(value, "counted_since");
        let counted = if counted.is_empty() { "not counted now".to_owned() } else { format!("counted since {counted}") };
        return format!("Nobody knows what was used since {since}:\nuses are {counted}.\n");
    }
    let rows: Vec<[Cell; 4]> = items(value)
        .iter()
        .map(|item| {
            let (scope, audience, role) = (member(item, "scope"), member(item, "audience"), member(item, "role"));
            let scope = match (scope.is_empty(), audience.is_empty(), role.is_empty()) {
                (_, _, false) => format!("role {role} at {audience}"),
                (true, false, _) => audience,
                (true, true, _) => "all of it".to_owned(),
                (false, _, _) => scope,
            };
            [
                member(item, "subject").into(),
                member(item, "name").into(),
                scope.into(),
                text_from_now(&member(item, "last_used_at"), view.now_seconds).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return format!("All that is granted was used since {since}.\n");
    }
    let columns = [Column::whole("subject"), Column::flexible("name"), Column::flexible("unused"), Column::whole("last used")];
    format!("Not used since {since}:\n\n{}", table(columns, &rows, view))
}

/// The keys that two applications use.
pub(crate) fn shared(value: &Value, view: &View) -> String {
    let items = items(value);
    if items.is_empty() {
        let counted = member(value, "counted_since");
        let counted = if counted.is_empty() { "Uses are not counted now".to_owned() } else { format!("Uses are counted since {counted}") };
        return format!("No key shows that two applications use it, in the last 7 days.\n{counted}.\n");
    }
    let words = |item: &Value, name: &str| {
        let words: Vec<&str> = item.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        words.join(", ")
    };
    let blocks: Vec<String> = items
        .iter()
        .map(|item| {
            let details = Details::default()
                .with("key", member(item, "id"))
                .with("name", member(item, "name"))
                .with("owner", member(item, "owner"))
                .with("hours", member(item, "hours"))
                .with("last hour", with_distance(&member(item, "last_hour"), view.now_seconds))
                .with("agents", words(item, "agents"))
                .with("networks", words(item, "networks"));
            details.text(view)
        })
        .collect();
    let mut text = format!("Used by more than one application, as it seems, in the last 7 days:\n\n{}", blocks.join("\n"));
    if value.get("has_more").and_then(Value::as_bool) == Some(true) {
        text.push_str("\nThere may be more.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    fn shown(value: &Value) -> String {
        anstream::adapter::strip_str(&series(value, &VIEW)).to_string()
    }

    #[test]
    fn a_series() {
        let item = |start: &str, audience: Option<&str>, outcome: &str, count: u64| json!({"start": start, "audience": audience, "outcome": outcome, "count": count});
        let mut value = json!({
            "subject": "client:client_0123456789abcdefghij", "resolution": "hour", "last_used_at": "2026-09-21T14:11:00Z",
            "seconds_lost": 0, "uses_dropped": 0,
            "items": [
                item("2026-09-21T13:00:00Z", Some("https://orders.example"), "issued", 1_204),
                item("2026-09-21T14:00:00Z", Some("https://orders.example/with/a/long/path/of/its/own"), "insufficient_scope", 7),
                item("2026-09-21T14:00:00Z", None, "issue_refused", 1),
            ],
        });
        assert!(shown(&value).lines().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!(shown(&value), @"
        FROM               AUDIENCE                            OUTCOME             COUNT
        2026-09-21T13:00Z  https://orders.example              issued               1204
        2026-09-21T14:00Z  https://orders.example/with/a/lon…  insufficient_scope      7
        2026-09-21T14:00Z                                      issue_refused           1

        Last used 2026-09-21T14:11Z (2 min ago).
        ");
        value["resolution"] = json!("day");
        value["seconds_lost"] = json!(2);
        value["items"] = json!([item("2026-09-21T00:00:00Z", None, "issued", 5)]);
        insta::assert_snapshot!(shown(&value), @"
        FROM        AUDIENCE  OUTCOME  COUNT
        2026-09-21            issued       5

        Last used 2026-09-21T14:11Z (2 min ago).

        Not counted so far: 2 s at most, before a server ended without a last word.
        ");
    }

    #[test]
    fn nothing() {
        let value = json!({"subject": "all", "resolution": "hour", "from": "2026-09-20T14:13:20Z", "until": "2026-09-21T14:13:20Z",
            "last_used_at": null, "seconds_lost": 1, "uses_dropped": 12, "items": [],
            "reports": {"verifiers": 2, "batches_lost": 3, "checks_dropped": 40}});
        insta::assert_snapshot!(shown(&value), @"
        Nothing was counted of all
        from 2026-09-20T14:13:20Z to 2026-09-21T14:13:20Z.

        Not counted so far: 1 s at most, and 12 uses that could not be written.

        Of the last two days' reports of verifiers 3 never came, and 40 checks were
        not kept for one.
        ");
    }

    #[test]
    fn what_is_unused() {
        let mut value = json!({"since": "2026-08-22T14:13:20Z", "is_known": true, "items": [
            {"subject": "client_secret:secret_0123456789abcdefghij", "name": "worker"},
            {"subject": "key:0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "name": "acme", "scope": "orders:write orders:delete",
                "last_used_at": "2026-09-21T14:11:00Z"},
            {"subject": "client:client_a", "name": "shop", "audience": "https://a.example"},
            {"subject": "user:user_a", "name": "ada", "audience": "https://a.example", "role": "r"},
        ]});
        let plain = |value: &Value| anstream::adapter::strip_str(&unused(value, &VIEW)).to_string();
        let shown = plain(&value);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        for words in ["Not used since 2026-08-22T14:13:20Z (30 d ago):", "all of it", "2 min ago", " https://a.example", "role r at https"]
        {
            assert!(shown.contains(words), "{shown}");
        }
        value["items"] = json!([]);
        assert_eq!(plain(&value), "All that is granted was used since 2026-08-22T14:13:20Z (30 d ago).\n");
        value["is_known"] = json!(false);
        value["counted_since"] = json!("2026-09-01T00:00:00Z");
        assert!(plain(&value).ends_with("uses are counted since 2026-09-01T00:00:00Z.\n"));
    }

    #[test]
    fn what_is_shared() {
        let mut value = json!({"since": "2026-09-14T14:13:20Z", "counted_since": "2026-09-01T00:00:00Z", "has_more": false, "items": [{
            "id": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "name": "acme", "owner": "external:acme", "hours": 3, "last_hour": "2026-09-21T13:00:00Z",
            "agents": ["curl/8", "orders-worker"], "networks": ["192.0.2.0/24", "2001:db8::/48"],
        }]});
        let plain = |value: &Value| anstream::adapter::strip_str(&shared(value, &VIEW)).to_string();
        insta::assert_snapshot!(plain(&value), @"
        Used by more than one application, as it seems, in the last 7 days:

        key        0199a2b3c4d57e6f8a9b0c1d2e3f4a5b
        name       acme
        owner      external:acme
        hours      3
        last hour  2026-09-21T13:00:00Z (73 min ago)
        agents     curl/8, orders-worker
        networks   192.0.2.0/24, 2001:db8::/48
        ");
        value["items"] = json!([]);
        assert!(plain(&value).ends_with("applications use it, in the last 7 days.\nUses are counted since 2026-09-01T00:00:00Z.\n"));
    }
}
