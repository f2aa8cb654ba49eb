use serde_json::Value;

use super::details::Details;
use super::fold::wrap;
use super::text::{member, shown};
use super::view::View;

/// What a reading of the ledger found.
pub(crate) fn ledger(report: &Value, view: &View) -> String {
    let details = Details::default()
        .with("entries", count(report, "entries"))
        .with("root", member(report, "root"))
        .with(if is_read_here(report) { "checkpoint" } else { "last checkpoint" }, checkpoint(report));
    let verdict = verdict(report, view, "The ledger is what was written: every entry, every hash, the root.");
    let reader = match is_read_here(report) {
        true => "This command read the data folder itself: no server had to be believed.",
        false => "The server read this itself. To verify without it: stop it, and try again.",
    };
    format!("{}\n{verdict}{reader}\n", details.text(view))
}

/// What a check of the data folder found.
pub(crate) fn check(report: &Value, view: &View) -> String {
    let is_full = report.get("full").and_then(Value::as_bool) == Some(true);
    let details = Details::default()
        .with("read", if is_full { "everything" } else { "header, schema and the ledger's end (--full reads everything)" })
        .with("pages", count(report, "pages"))
        .with("rows", count(report, "rows"))
        .with("entries", count(report, "entries"));
    format!("{}\n{}", details.text(view), verdict(report, view, "What was read is what was written."))
}

/// Whether a report found nothing.
pub(crate) fn is_clean(report: &Value) -> bool {
    report.get("findings").and_then(Value::as_array).is_some_and(Vec::is_empty)
}

/// How many were read; nothing where none were.
fn count(report: &Value, what: &str) -> String {
    report.get(what).and_then(Value::as_u64).filter(|count| *count > 0).map(|count| count.to_string()).unwrap_or_default()
}

/// Whether the command read the data folder, and no server did.
fn is_read_here(report: &Value) -> bool {
    report.get("read_by").and_then(Value::as_str) == Some("command")
}

fn checkpoint(report: &Value) -> String {
    match report.get("checkpoint_size").and_then(Value::as_u64) {
        Some(size) if is_read_here(report) => format!("the one you kept covers {size} entries"),
        Some(size) => format!("covers {size} entries"),
        None if is_read_here(report) => "none to compare with: --checkpoint FILE".to_owned(),
        None => "none is signed yet".to_owned(),
    }
}

fn verdict(report: &Value, view: &View, clean: &str) -> String {
    if is_clean(report) {
        return format!("{clean}\n");
    }
    let mut findings = report.get("findings").and_then(Value::as_array).into_iter().flatten().peekable();
    let room = view.width.saturating_sub(2);
    let mut text = "Not everything is as it was written:\n".to_owned();
    while let Some(finding) = findings.next() {
        let sentence = format!("{}: {}", member(finding, "place"), member(finding, "detail"));
        for (place, line) in wrap(&shown(&sentence), room).iter().enumerate() {
            text.push_str(&format!("{}{line}\n", if place == 0 { "- " } else { "  " }));
        }
        // Once, behind the last of those in a row that it is for.
        let hint = member(finding, "hint");
        if findings.peek().is_some_and(|next| member(next, "hint") == hint) {
            continue;
        }
        for (place, line) in wrap(&hint, room.saturating_sub(2)).iter().enumerate() {
            text.push_str(&format!("{}{line}\n", if place == 0 { "  → " } else { "    " }));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reports() {
        let view = View { now_seconds: 0, width: 80 };
        let fine = json!({"entries": 1204, "root": "ab12", "checkpoint_size": 1200, "findings": []});
        insta::assert_snapshot!(ledger(&fine, &view), @"
        entries          1204
        root             ab12
        last checkpoint  covers 1200 entries

        The ledger is what was written: every entry, every hash, the root.
        The server read this itself. To verify without it: stop it, and try again.
        ");
        let here = json!({"entries": 1204, "root": "ab12", "checkpoint_size": null, "findings": [], "read_by": "command"});
        insta::assert_snapshot!(ledger(&here, &view), @"
        entries     1204
        root        ab12
        checkpoint  none to compare with: --checkpoint FILE

        The ledger is what was written: every entry, every hash, the root.
        This command read the data folder itself: no server had to be believed.
        ");
        let broken = json!({"full": true, "pages": 12, "rows": 300, "entries": 40, "findings": [
            {"place": "page 7", "detail": "its checksum does not fit what it holds", "hint": "restore the last backup into another folder"},
            {"place": "page 8", "detail": "its checksum does not fit what it holds", "hint": "restore the last backup into another folder"},
            {"place": "rows", "detail": "one is missing", "hint": "make it again"}
        ]});
        insta::assert_snapshot!(check(&broken, &view), @"
        read     everything
        pages    12
        rows     300
        entries  40

        Not everything is as it was written:
        - page 7: its checksum does not fit what it holds
        - page 8: its checksum does not fit what it holds
          → restore the last backup into another folder
        - rows: one is missing
          → make it again
        ");
    }
}
