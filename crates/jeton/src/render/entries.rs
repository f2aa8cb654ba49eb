use jeton_http::api::rfc3339;
use serde_json::Value;

use super::details::Details;
use super::relative::{length, text_from_now, with_distance};
use super::table::{Cell, Column, Tone, cut, table};
use super::text::{items, member, shown};
use super::view::View;

/// Entries of the ledger.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let rows: Vec<[Cell; 5]> = items(value).iter().map(|entry| row(entry, view)).collect();
    if rows.is_empty() {
        return "There is no such entry.\n".to_owned();
    }
    table(
        [Column::number("no"), Column::whole("when"), Column::whole("what"), Column::flexible("by"), Column::flexible("details")],
        &rows,
        view,
    )
}

/// One entry, all of it.
pub(crate) fn show(entry: &Value, view: &View) -> String {
    let details = Details::default()
        .with("entry", member(entry, "sequence"))
        .with("when", with_distance(&member(entry, "time"), view.now_seconds))
        .with("what", member(entry, "kind"));
    let details = match entry.get("data").and_then(Value::as_object) {
        Some(data) => {
            let said = data.iter().filter(|(name, value)| is_told(name, value, entry)).map(|(name, value)| told(name, value, entry, view));
            details.with_each("says", said)
        }
        None => details.with("says", "nothing any more: it was erased"),
    };
    details.with("commit", member(entry, "commit")).with("commitment", member(entry, "commitment")).text(view)
}

/// One member as a line: ids with what people call them, times with how they lie from now.
fn told(name: &str, value: &Value, entry: &Value, view: &View) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (name.strip_suffix("_seconds"), value.as_i64(), called(&text, entry)) {
        (Some(name), Some(seconds), _) if is_a_time(name) => {
            format!(
                "{name} {}",
                if is_for_good(seconds) { "for good".to_owned() } else { with_distance(&rfc3339::format(seconds), view.now_seconds) }
            )
        }
        (Some(name), Some(seconds), _) => format!("{name} {}", length(seconds)),
        (.., Some(called)) => format!("{name} {called} ({text})"),
        _ => format!("{name} {text}"),
    }
}

/// What people call what an id names: `nightly`, or `user:ada` of `user:ID`.
fn called(text: &str, entry: &Value) -> Option<String> {
    let name = |id: &str| entry.get("names").and_then(|names| names.get(id)).and_then(Value::as_str).map(shown);
    match text.split_once(':') {
        // Behind any other word, as `external`, stands no id of ours, whatever it reads like.
        Some((kind @ ("client" | "user" | "group" | "key"), id)) => name(id).map(|name| format!("{kind}:{name}")),
        _ => name(text),
    }
}

/// Whether a member of this name, without its unit, is a time and no length of time.
fn is_a_time(name: &str) -> bool {
    matches!(name, "expires_at" | "ends_at" | "before" | "until")
}

/// Later than anybody plans: the first second of the year 3000.
fn is_for_good(seconds: i64) -> bool {
    seconds >= 32_503_680_000
}

/// What stands in the lines of whoever follows the ledger.
pub(crate) fn heading() -> String {
    format!("{:>6}  {:<9}  {:<KIND_WIDTH$}  {:<9}  DETAILS\n", "NO", "AT (UTC)", "WHAT", "BY")
}

/// One entry on a line of its own, for whoever follows the ledger: with the time of day, since `now` would soon be wrong.
pub(crate) fn line(entry: &Value, view: &View) -> String {
    let (sequence, kind, time) = (member(entry, "sequence"), member(entry, "kind"), member(entry, "time"));
    let time_of_day = time.get("2026-01-31T".len().."2026-01-31T23:59:59".len()).unwrap_or(&time);
    let line = format!("{sequence:>6}  {time_of_day}Z  {kind:<KIND_WIDTH$}  {:<9}  {}", by(entry), shown(&details(entry)));
    format!("{}\n", cut(line.trim_end(), view.width))
}

/// The kinds of entries are seldom longer.
const KIND_WIDTH: usize = "client_secret.created".len();

fn row(entry: &Value, view: &View) -> [Cell; 5] {
    let kind = member(entry, "kind");
    let tone = if is_ending(&kind) { Tone::Warning } else { Tone::Plain };
    [
        member(entry, "sequence").into(),
        when(&member(entry, "time"), view).into(),
        Cell::toned(kind, tone),
        by(entry).into(),
        details(entry).into(),
    ]
}

/// How an entry lies from now, or when it was, where there is room for that.
fn when(time: &str, view: &View) -> String {
    let second = rfc3339::parse(time).filter(|_| view.is_wide());
    second.map_or_else(|| text_from_now(time, view.now_seconds), rfc3339::format)
}

fn is_ending(kind: &str) -> bool {
    ["revoked", "suspended", "cut_off", "deleted", "ended", "lowered"].iter().any(|ending| kind.ends_with(ending))
}

fn by(entry: &Value) -> String {
    let actor = entry.get("data").map(|data| member(data, "actor")).unwrap_or_default();
    called(&actor, entry).unwrap_or(actor)
}

/// The members of an entry beside who did it. Times as they are: an entry is read long after it was written, and copied.
fn details(entry: &Value) -> String {
    let Some(data) = entry.get("data").and_then(Value::as_object) else { return "(erased)".to_owned() };
    if member(entry, "kind") == "credential.expiring" {
        return expiring(entry);
    }
    let members = data.iter().filter(|(name, value)| *name != "actor" && is_told(name, value, entry));
    // What people know a thing by comes first, and what nobody asks for last: the end of a long line is cut.
    let mut members: Vec<_> = members.collect();
    members.sort_by_key(|(name, _)| rank(name));
    members.into_iter().map(|(name, value)| detail(name, value, entry)).collect::<Vec<_>>().join(" ")
}

/// A suspension lasts until somebody resumes it: neither entry has an end to tell.
fn is_told(name: &str, value: &Value, entry: &Value) -> bool {
    let has_end = !matches!(member(entry, "kind").as_str(), "subject.suspended" | "subject.resumed");
    !value.is_null() && (has_end || name != "until_seconds")
}

fn rank(name: &str) -> u8 {
    match name {
        "name" | "audience" | "username" => 0,
        "client" | "key" | "user" | "group" | "role" | "owner" | "subject" => 1,
        "why" | "reason" => 2,
        "root" | "salt" | "previous" | "before_seconds" | "until_seconds" => 4,
        _ => 3,
    }
}

/// A notice, in words.
fn expiring(entry: &Value) -> String {
    let data = entry.get("data").cloned().unwrap_or_default();
    let kind = match member(&data, "kind").as_str() {
        "api_key" => "API key".to_owned(),
        kind => kind.replace('_', " "),
    };
    let ends = data.get("expires_at_seconds").and_then(Value::as_i64).map(rfc3339::format).unwrap_or_default();
    format!("ends {ends}: {kind} of {}, {}", member(&data, "owner"), member(&data, "credential"))
}

/// One member; lengths of time in their unit.
fn detail(name: &str, value: &Value, entry: &Value) -> String {
    match (name, value.as_i64(), value.as_str()) {
        ("expires_at_seconds" | "ends_at_seconds" | "until_seconds", Some(seconds), _) if is_for_good(seconds) => "for good".to_owned(),
        ("expires_at_seconds" | "ends_at_seconds" | "before_seconds" | "until_seconds", Some(seconds), _) => {
            let name = name.trim_end_matches("_seconds").trim_end_matches("_at");
            format!("{name} {}", rfc3339::format(seconds))
        }
        ("seconds", Some(seconds), _) => format!("for {}", length(seconds)),
        ("default_seconds" | "max_seconds" | "idle_seconds", Some(seconds), _) => {
            format!("{}={}", name.trim_end_matches("_seconds"), length(seconds))
        }
        (_, _, Some(text)) => format!("{name}={}", called(text, entry).unwrap_or_else(|| text.to_owned())),
        _ => format!("{name}={value}"),
    }
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
            {"sequence": 1000, "time": "2026-09-21T14:13:20.000456Z", "kind": "cut_off",
                "data": {"actor": "unix:0", "before_seconds": 1_789_999_940, "name": "a\u{1b}[2J", "until_seconds": 1_790_003_600}},
            {"sequence": 1001, "time": "2026-09-21T14:13:20.000456Z", "kind": "policy.set",
                "data": {"actor": "unix:0", "default_seconds": null, "kind": "client_secret", "max_seconds": 7_776_000}},
            {"sequence": 1002, "time": "2026-09-21T14:13:20.000456Z", "kind": "client.deleted"},
            {"sequence": 1003, "time": "2026-09-21T14:13:20.000456Z", "kind": "credential.expiring",
                "data": {"actor": "system", "credential": "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "days": 7,
                    "expires_at_seconds": 1_790_600_000, "kind": "api_key", "owner": "client:client_a"}},
        ]});
        let view = View { now_seconds: 1_790_000_000, width: 80 };
        let text = list(&value, &view);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
          NO  WHEN       WHAT                 BY         DETAILS
         998  2 min ago  client.created       unix:1000  name=worker client=client_0123…
         999  now        token.revoked        unix:0     token=019967c5a3807d2f8e51b0a4…
        1000  now        cut_off              unix:0     name=a�[2J before 2026-09-21T1…
        1001  now        policy.set           unix:0     kind=client_secret max=90 d
        1002  now        client.deleted                  (erased)
        1003  now        credential.expiring  system     ends 2026-09-28T12:53:20Z: API…
        ");
        let lines: String = std::iter::once(heading()).chain(items(&value).iter().map(|entry| line(entry, &view))).collect();
        insta::assert_snapshot!(lines, @"
            NO  AT (UTC)   WHAT                   BY         DETAILS
           998  14:11:20Z  client.created         unix:1000  name=worker client=client_…
           999  14:13:20Z  token.revoked          unix:0     token=019967c5a3807d2f8e51…
          1000  14:13:20Z  cut_off                unix:0     name=a�[2J before 2026-09-…
          1001  14:13:20Z  policy.set             unix:0     kind=client_secret max=90 d
          1002  14:13:20Z  client.deleted                    (erased)
          1003  14:13:20Z  credential.expiring    system     ends 2026-09-28T12:53:20Z:…
        ");
    }

    #[test]
    fn a_wide_table_has_whole_times() {
        let entry = json!({"sequence": 7, "time": "2026-09-21T14:11:20.000123Z", "kind": "cut_off",
            "data": {"actor": "unix:0", "before_seconds": 1_789_999_940, "until_seconds": 1_790_003_600}});
        let text = list(&json!({"items": [entry]}), &View { now_seconds: 1_790_000_000, width: crate::render::view::WIDE });
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @"
        NO  WHEN                  WHAT     BY      DETAILS
         7  2026-09-21T14:11:20Z  cut_off  unix:0  before 2026-09-21T14:12:20Z until 2026-09-21T15:13:20Z
        ");
    }

    #[test]
    fn what_somebody_outside_is_called_names_nobody_here() {
        let entry = json!({"sequence": 1, "time": "2026-09-21T14:11:20.000123Z", "kind": "api_key.created",
            "names": {"client_0123456789abcdefghij": "shop"},
            "data": {"actor": "client:client_0123456789abcdefghij", "owner": "external:client_0123456789abcdefghij"}});
        let line = line(&entry, &View { now_seconds: 1_790_000_000, width: 200 });
        assert!(line.contains("client:shop") && line.contains("owner=external:client_0123456789abcdefghij"), "{line}");
    }

    #[test]
    fn no_end_is_told_of_a_suspension() {
        for kind in ["subject.suspended", "subject.resumed"] {
            let entry = json!({"sequence": 1, "time": "2026-09-21T14:11:20.000123Z", "kind": kind,
                "data": {"actor": "unix:0", "name": "shop", "subject": "client", "until_seconds": 253_402_300_799_i64}});
            let view = View { now_seconds: 1_790_000_000, width: 200 };
            assert!(!line(&entry, &view).contains("for good") && !show(&entry, &view).contains("until"), "{kind}");
        }
    }
}
