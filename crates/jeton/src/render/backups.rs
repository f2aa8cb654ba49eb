use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, Tone, table};
use super::text::member;
use super::view::View;

/// What there is, and how it stands.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let snapshots = value.get("snapshots").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<[Cell; 5]> = snapshots
        .iter()
        .map(|snapshot| {
            let made = text_from_now(&member(snapshot, "created_at"), view.now_seconds);
            [member(snapshot, "id").into(), whose(snapshot), made.into(), size(snapshot).into(), member(snapshot, "rows").into()]
        })
        .collect();
    let columns = [Column::whole("id"), Column::whole("whose"), Column::whole("made"), Column::number("size"), Column::number("rows")];
    let is_away = value.get("away").is_some_and(|away| !away.is_null());
    let shown = match (rows.is_empty(), is_away) {
        (true, true) => "What backups there are is not known: the target is away.\n".to_owned(),
        (true, false) => "There is no backup yet.\n".to_owned(),
        (false, _) => table(columns, &rows, view),
    };
    let waits = number(value, "size").saturating_sub(number(value, "shipped"));
    let tail = match waits {
        0 => "all of it is there".to_owned(),
        1 => "1 entry waits".to_owned(),
        waits => format!("{waits} entries wait"),
    };
    let same_disk = value.get("is_on_the_same_disk").and_then(Value::as_bool).unwrap_or_default();
    let away = value.get("away").filter(|away| !away.is_null());
    let away = away.map(|away| format!("{}: {}", with_distance(&member(away, "since"), view.now_seconds), member(away, "why")));
    let gap = value.get("gap").filter(|gap| !gap.is_null());
    let gap = gap.map(|gap| format!("what was made before {} is refused: `jeton backup restore accept-gap`", member(gap, "before")));
    let details = Details::default()
        .with("target", member(value, "target"))
        .with("", if same_disk { "on the disk of the data: no help when that is lost" } else { "" })
        .with("tail", tail)
        .with_each("wrong", problems(value, "problems"))
        .with("away since", away.unwrap_or_default())
        .with("drill", drill(value, view))
        .with("identity", proven(value, view))
        .with("gap", gap.unwrap_or_default());
    format!("{shown}\n{}", details.text(view))
}

/// Whose a snapshot is.
fn whose(snapshot: &Value) -> Cell {
    match member(snapshot, "whose").as_str() {
        "another" => Cell::toned("another's", Tone::Bad),
        whose => whose.into(),
    }
}

/// What lies on a target that was looked at without a server.
pub(crate) fn on_target(value: &Value, view: &View) -> String {
    let snapshots = value.get("snapshots").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_opened = snapshots.iter().any(|snapshot| snapshot.get("until").is_some());
    let made = |snapshot: &Value| text_from_now(&member(snapshot, "created_at"), view.now_seconds);
    let shown = if snapshots.is_empty() {
        "There is no backup.\n".to_owned()
    } else if is_opened {
        let row = |snapshot: &Value| -> [Cell; 5] {
            let (size, rows) = (size(snapshot), member(snapshot, "rows"));
            [member(snapshot, "id").into(), made(snapshot).into(), member(snapshot, "until").into(), size.into(), rows.into()]
        };
        let columns = [Column::whole("id"), Column::whole("made"), Column::whole("until"), Column::number("size"), Column::number("rows")];
        table(columns, &snapshots.iter().map(row).collect::<Vec<_>>(), view)
    } else {
        let row = |snapshot: &Value| -> [Cell; 2] { [member(snapshot, "id").into(), made(snapshot).into()] };
        table([Column::whole("id"), Column::whole("made")], &snapshots.iter().map(row).collect::<Vec<_>>(), view)
    };
    let tails = value.get("tails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tails = tails.iter().map(|tail| format!("{}, {} entries", member(tail, "incarnation"), number(tail, "entries"))).collect();
    let details = Details::default()
        .with("target", member(value, "target"))
        .with_each("tails", some_of(tails))
        .with_each("wrong", problems(value, "problems"));
    format!("{shown}\n{}", details.text(view))
}

/// What is asked before a gap is accepted; `value` is how backups stand, as far as whoever asks may see it.
pub(crate) fn gap_question(value: &Value, view: &View) -> String {
    let lacks = value.pointer("/gap/lacks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let lacks = named(lacks, view).join(", ");
    let there = if lacks.is_empty() { String::new() } else { format!("The target has what is not here: {lacks}. ") };
    let or_there = if lacks.is_empty() { "" } else { ", or there," };
    format!("{there}What was revoked in the gap{or_there} and is not known counts again. Accept it?")
}

/// How drills stand.
fn drill(value: &Value, view: &View) -> String {
    let of = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    match (of("/drills/failed/at"), of("/drills/passed/at")) {
        (Some(at), _) => format!("failed {}: {}", text_from_now(&at, view.now_seconds), of("/drills/failed/why").unwrap_or_default()),
        (None, Some(at)) => format!("passed {}", text_from_now(&at, view.now_seconds)),
        (None, None) => "none yet: `jeton backup drill`".to_owned(),
    }
}

/// Whether anybody showed that they can open them.
fn proven(value: &Value, view: &View) -> String {
    match value.pointer("/drills/identity_proven_at").and_then(Value::as_str) {
        Some(at) => format!("opened a backup {}", text_from_now(at, view.now_seconds)),
        None => "nobody has tried the recovery identity yet: `jeton backup drill --help`".to_owned(),
    }
}

/// One that was made.
pub(crate) fn made(value: &Value, view: &View) -> String {
    Details::default()
        .with("snapshot", member(value, "id"))
        .with("size", size(value))
        .with("rows", member(value, "rows"))
        .with("entries", member(value, "sequence"))
        .with("took", format!("{} s", number(value, "seconds")))
        .text(view)
}

/// What a look over all of them found.
pub(crate) fn verified(value: &Value, view: &View) -> String {
    Details::default()
        .with("snapshots", member(value, "snapshots"))
        .with("files", member(value, "files"))
        .with("segments", member(value, "segments"))
        .with("receipts", member(value, "receipts"))
        .with("opened", size(value))
        .with_each("wrong", problems(value, "problems"))
        .text(view)
}

fn problems(value: &Value, name: &str) -> Vec<String> {
    let problems = value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    problems.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A drill that passed.
pub(crate) fn drilled(value: &Value, view: &View) -> String {
    let same = value.get("same").and_then(Value::as_u64);
    let same = same.map_or_else(|| "no live store was at hand".to_owned(), |same| format!("{same} are the same in the live store"));
    let usage = value.get("usage_same").and_then(Value::as_u64);
    let usage =
        usage.map_or_else(|| "adds up to what the manifest says".to_owned(), |rows| format!("{rows} counts add up as in the live store"));
    let details = Details::default()
        .with("snapshot", member(value, "snapshot"))
        .with("opened by", member(value, "identity"))
        .with("entries", member(value, "entries"))
        .with("rows", format!("{}; {same}", member(value, "rows")))
        .with("usage", usage)
        .with("refused", format!("{} of 2 tokens that were revoked", member(value, "refused")))
        .with("over", with_distance(&member(value, "at"), view.now_seconds))
        .with("took", format!("{} s", number(value, "seconds")));
    format!("The drill passed.\n\n{}", details.text(view))
}

/// What was restored.
pub(crate) fn restored(value: &Value, view: &View) -> String {
    let left = number(value, "left_behind");
    let left = if left == 0 {
        String::new()
    } else {
        format!("{left} entries, of which {} commits were made again: they took something away", number(value, "taken_again"))
    };
    let others = others(value, view);
    let beside = if others.is_empty() { "" } else { "Another server went on from this ledger: what it did is not here.\n" };
    let lost = some_of(problems(value, "lost_erasures").into_iter().map(|name| format!("{name} (what was erased then)")).collect());
    let again = if lost.is_empty() { "" } else { "Somebody who was erased may be here again: erase them once more.\n" };
    let stopped = match number(value, "stopped") {
        0 => String::new(),
        stopped => format!("{stopped} keys, clients and passwords: what counted both then and later cannot be said"),
    };
    let details = Details::default()
        .with("data", member(value, "data"))
        .with("snapshot", member(value, "snapshot"))
        .with("entries", member(value, "entries"))
        .with("until", with_distance(&member(value, "until"), view.now_seconds))
        .with("left behind", left)
        .with("stopped", stopped)
        .with_each("passed over", problems(value, "passed_over"))
        .with_each("files", files(value))
        .with_each("lacks", others.into_iter().chain(lost));
    let end = claimed(value, view);
    format!("{}\n{beside}{again}{end}\nGo on with:\n  {}\n{}", details.text(view), member(value, "serve"), trial(value))
}

/// What may be claimed of it: never without the time until which it is known.
fn claimed(value: &Value, view: &View) -> String {
    let is_complete = value.get("is_complete").and_then(Value::as_bool).unwrap_or_default();
    let why = member(value, "why");
    let until = value.get("known_until").and_then(Value::as_str).map(|until| with_distance(until, view.now_seconds));
    let shown = match (is_complete, until) {
        (true, until) => return format!("Nothing whose end was acknowledged until {} is missing: {why}.", until.unwrap_or_default()),
        (false, Some(until)) => format!("It cannot be shown that nothing after {until} is missing"),
        (false, None) => "It cannot be shown that nothing is missing".to_owned(),
    };
    format!(
        "{shown}: {why}. Access tokens from before are dead, and keys and secrets from before are refused until \
         `jeton backup restore accept-gap`."
    )
}

/// Where a server on the folder ships to, and how to try it without: another server may use that target.
fn trial(value: &Value) -> String {
    let (ships_to, trial) = (member(value, "ships_to"), member(value, "trial"));
    let ships_to = if ships_to.is_empty() { "nowhere" } else { &ships_to };
    let beside = "For a trial beside the server of before, of which nothing counts and no target hears";
    format!("It ships to {ships_to}. {beside}:\n  {trial}\n")
}

/// What the target has of incarnations that a restored folder does not come from.
fn others(value: &Value, view: &View) -> Vec<String> {
    named(value.get("others").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default(), view)
}

fn named(others: &[Value], view: &View) -> Vec<String> {
    let line = |other: &Value| {
        let until = other.get("until").and_then(Value::as_str).map(|until| format!(", until {}", with_distance(until, view.now_seconds)));
        format!("tail/{} ({} entries{})", member(other, "incarnation"), number(other, "entries"), until.unwrap_or_default())
    };
    some_of(others.iter().map(line).collect())
}

/// The first of them, and how many more there are.
fn some_of(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LACKS_SHOWN);
    lines.truncate(LACKS_SHOWN);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

/// How many other incarnations, and objects that are lost, are named one by one.
const LACKS_SHOWN: usize = 8;

/// How many files are named one by one.
const FILES_SHOWN: usize = 8;

/// The files that went with a backup, each with what is to be known of it.
fn files(value: &Value) -> Vec<String> {
    let files = value.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let line = |file: &Value| match (file.get("missing").and_then(Value::as_str), file.get("was_in").and_then(Value::as_str)) {
        (Some(missing), _) => format!("{} is not whole: {missing}", member(file, "path")),
        (None, Some(folder)) => format!("{} (was in {folder})", member(file, "path")),
        (None, None) => member(file, "path"),
    };
    let more = files.len().saturating_sub(FILES_SHOWN);
    let more = (more > 0).then(|| format!("and {more} more"));
    files.iter().take(FILES_SHOWN).map(line).chain(more).collect()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// Bytes as people read them.
fn size(value: &Value) -> String {
    let bytes = number(value, "bytes");
    match bytes {
        0..=9_999 => format!("{bytes} B"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::fold::fold;

    const VIEW: View = View { now_seconds: 1_790_000_000, width: 80 };

    #[test]
    fn how_they_stand() {
        let mut value = json!({
            "target": "/mnt/backups", "is_on_the_same_disk": true, "size": 4711, "shipped": 4710,
            "snapshots": [
                {"id": "20260920T141320Z-0eb80320", "whose": "own", "created_at": "2026-09-20T14:13:20Z", "bytes": 6_694, "rows": 30},
                {"id": "20260921T131320Z-c254d175", "whose": "another", "created_at": "2026-09-21T13:13:20Z", "bytes": 47_110_000, "rows": 123_456},
            ],
            "away": {"since": "2026-09-21T14:03:20Z", "why": "the disk is full"},
            "gap": {"before": "2026-09-21T12:00:00Z"},
            "drills": {"failed": {"at": "2026-09-21T12:13:20Z", "why": "rows of `client` differ"}, "identity_proven_at": "2026-09-01T14:13:20Z"},
        });
        insta::assert_snapshot!(anstream::adapter::strip_str(&list(&value, &VIEW)).to_string(), @"
        ID                         WHOSE      MADE       SIZE    ROWS
        20260920T141320Z-0eb80320  own        1 d ago  6694 B      30
        20260921T131320Z-c254d175  another's  1 h ago   47 MB  123456

        target      /mnt/backups
                    on the disk of the data: no help when that is lost
        tail        1 entry waits
        away since  2026-09-21T14:03:20Z (10 min ago): the disk is full
        drill       failed 2 h ago: rows of `client` differ
        identity    opened a backup 20 d ago
        gap         what was made before 2026-09-21T12:00:00Z is refused:
                    `jeton backup restore accept-gap`
        ");
        (value["away"], value["gap"], value["drills"]) = (Value::Null, Value::Null, json!({"passed": {"at": "2026-09-21T12:13:20Z"}}));
        (value["snapshots"], value["shipped"]) = (json!([]), json!(4711));
        insta::assert_snapshot!(anstream::adapter::strip_str(&list(&value, &VIEW)).to_string(), @"
        There is no backup yet.

        target    /mnt/backups
                  on the disk of the data: no help when that is lost
        tail      all of it is there
        drill     passed 2 h ago
        identity  nobody has tried the recovery identity yet:
                  `jeton backup drill --help`
        ");
    }

    #[test]
    fn what_was_made_and_looked_over() {
        let snapshot = json!({"id": "20260920T141320Z-0eb80320", "bytes": 16_694, "rows": 30, "sequence": 12, "seconds": 2});
        insta::assert_snapshot!(made(&snapshot, &VIEW), @"
        snapshot  20260920T141320Z-0eb80320
        size      16 kB
        rows      30
        entries   12
        took      2 s
        ");
        let found = json!({
            "snapshots": 2, "segments": 7, "receipts": 1, "bytes": 47_000,
            "problems": ["snapshots/20260920T141320Z-0eb80320/part-0001 is cut off", "tail/0-12 is missing"],
        });
        insta::assert_snapshot!(verified(&found, &VIEW), @"
        snapshots  2
        segments   7
        receipts   1
        opened     47 kB
        wrong      snapshots/20260920T141320Z-0eb80320/part-0001 is cut off
                   tail/0-12 is missing
        ");
        let drill = json!({
            "snapshot": "20260920T141320Z-0eb80320", "identity": "age1u78t0nucspm7lp6xu6cym4cmztq9rp34kd0tfsuytfl94ye4zfdsf443zt",
            "entries": 97, "rows": 129, "same": 129, "usage_same": 12, "refused": 2, "at": "2026-09-21T14:03:20Z", "seconds": 3,
        });
        insta::assert_snapshot!(drilled(&drill, &VIEW), @"
        The drill passed.

        snapshot   20260920T141320Z-0eb80320
        opened by  age1u78t0nucspm7lp6xu6cym4cmztq9rp34kd0tfsuytfl94ye4zfdsf443zt
        entries    97
        rows       129; 129 are the same in the live store
        usage      12 counts add up as in the live store
        refused    2 of 2 tokens that were revoked
        over       2026-09-21T14:03:20Z (10 min ago)
        took       3 s
        ");
    }

    #[test]
    fn what_was_restored() {
        let value = json!({
            "data": "restored", "snapshot": "20260920T141320Z-0eb80320", "entries": 97, "until": "2026-09-21T14:03:20Z", "left_behind": 5,
            "taken_again": 2, "stopped": 1, "is_complete": false, "known_until": null,
            "why": "another server went on from this ledger, or from one of before",
            "others": [{"incarnation": "00".repeat(16), "entries": 110, "until": "2026-09-21T14:03:20Z"}, {"incarnation": "1", "entries": 2}],
            "lost_erasures": [format!("erasures/{}/00000000000000000017.age", "00".repeat(16))],
            "files": [
                {"path": "jeton.toml"}, {"path": "access.log", "was_in": "/var/log/jeton"}, {"path": "access.log.1", "missing": "part 3 is not there"},
            ],
            "serve": "jeton serve --data restored --root-key-file /etc/jeton/root.key --issuer https://tokens.department.example",
            "ships_to": "/mnt/backups",
            "trial": "jeton serve --data restored --root-key-file /etc/jeton/root.key --issuer https://a.example --trial",
        });
        insta::assert_snapshot!(fold(&restored(&value, &VIEW), 80), @r#"
        data         restored
        snapshot     20260920T141320Z-0eb80320
        entries      97
        until        2026-09-21T14:03:20Z (10 min ago)
        left behind  5 entries, of which 2 commits were made again: they took something
                     away
        stopped      1 keys, clients and passwords: what counted both then and later
                     cannot be said
        files        jeton.toml
                     access.log (was in /var/log/jeton)
                     access.log.1 is not whole: part 3 is not there
        lacks        tail/00000000000000000000000000000000 (110 entries, until
                     2026-09-21T14:03:20Z (10 min ago))
                     tail/1 (2 entries)
                     erasures/00000000000000000000000000000000/00000000000000000017.age
                     (what was erased then)

        Another server went on from this ledger: what it did is not here.
        Somebody who was erased may be here again: erase them once more.
        It cannot be shown that nothing is missing: another server went on from this
        ledger, or from one of before. Access tokens from before are dead, and keys and
        secrets from before are refused until `jeton backup restore accept-gap`.
        Go on with:
          jeton serve --data restored --root-key-file /etc/jeton/root.key --issuer \
              https://tokens.department.example
        It ships to /mnt/backups. For a trial beside the server of before, of which
        nothing counts and no target hears:
          jeton serve --data restored --root-key-file /etc/jeton/root.key --issuer \
              https://a.example --trial
        "#);
    }
}
