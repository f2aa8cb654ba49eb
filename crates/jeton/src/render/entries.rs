use serde_json::Value;

use super::relative::text_from_now;
use super::table::{Cell, Column, Tone, table};
use super::text::{items, member};
use super::view::View;

/// Entries of the ledger.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value).iter().map(|entry| row(entry, view)).collect();
    table(
        [Column::number("no"), Column::whole("when"), Column::whole("what"), Column::whole("by"), Column::flexible("details")],
        &rows,
        view,
    )
}

/// One entry on a line of its own, for whoever follows the ledger.
pub(crate) fn line(entry: &Value) -> String {
    format!("{}  {}  {}  {}  {}\n", member(entry, "sequence"), member(entry, "time"), member(entry, "kind"), by(entry), details(entry))
}

fn row(entry: &Value, view: &View) -> [Cell; 5] {
    let kind = member(entry, "kind");
    let tone = if is_ending(&kind) { Tone::Warning } else { Tone::Plain };
    [
        member(entry, "sequence").into(),
        text_from_now(&member(entry, "time"), view.now_seconds).into(),
        Cell::toned(kind, tone),
        by(entry).into(),
        details(entry).into(),
    ]
}

fn is_ending(kind: &str) -> bool {
    ["revoked", "suspended", "cut_off", "deleted", "ended", "lowered"].iter().any(|ending| kind.ends_with(ending))
}

fn by(entry: &Value) -> String {
    entry.get("data").map(|data| member(data, "actor")).unwrap_or_default()
}

/// The members of an entry beside who did it.
fn details(entry: &Value) -> String {
    let Some(data) = entry.get("data").and_then(Value::as_object) else { return "(erased)".to_owned() };
    let members = data.iter().filter(|(name, value)| *name != "actor" && !value.is_null());
    let shown = members.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries() {
        let value = json!({"items": [
            {"sequence": 998, "time": "2026-09-21T14:11:20.000123Z", "kind": "client.created",
                "data": {"actor": "unix:1000", "client": "client_0123456789abcdefghij", "name": "worker"}},
            {"sequence": 999, "time": "2026-09-21T14:13:20.000456Z", "kind": "token.revoked",
                "data": {"actor": "unix:0", "token": "019967c5a3807d2f8e51b0a4c3d2e1f0", "until_seconds": 1}},
            {"sequence": 1000, "time": "2026-09-21T14:13:20.000456Z", "kind": "client.deleted"},
        ]});
        let text = list(&value, &View { now_seconds: 1_790_000_000, width: Some(80) });
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
          NO  WHEN       WHAT            BY         DETAILS
         998  2 min ago  client.created  unix:1000  client=client_0123456789abcdefghij …
         999  now        token.revoked   unix:0     token=019967c5a3807d2f8e51b0a4c3d2e…
        1000  now        client.deleted             (erased)
        ");
        insta::assert_snapshot!(line(&value["items"][1]), @"
        999  2026-09-21T14:13:20.000456Z  token.revoked  unix:0  token=019967c5a3807d2f8e51b0a4c3d2e1f0 until_seconds=1
        ");
    }
}
