use serde_json::Value;

use super::details::Details;
use super::relative::{text_from_now, with_distance};
use super::table::{Cell, Column, table};
use super::text::member;
use super::view::View;

/// What there is, and how it stands.
pub(crate) fn list(value: &Value, view: &View) -> String {
    let snapshots = value.get("snapshots").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<[Cell; 4]> = snapshots
        .iter()
        .map(|snapshot| {
            let made = text_from_now(&member(snapshot, "created_at"), view.now_seconds);
            [member(snapshot, "id").into(), made.into(), size(snapshot).into(), member(snapshot, "rows").into()]
        })
        .collect();
    let columns = [Column::whole("id"), Column::whole("made"), Column::number("size"), Column::number("rows")];
    let shown = if rows.is_empty() { "There is no backup yet.\n".to_owned() } else { table(columns, &rows, view) };
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
        .with("away since", away.unwrap_or_default())
        .with("drill", drill(value, view))
        .with("identity", proven(value, view))
        .with("gap", gap.unwrap_or_default());
    format!("{shown}\n{}", details.text(view))
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
    let problems = value.get("problems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let problems = problems.iter().filter_map(Value::as_str).map(str::to_owned);
    Details::default()
        .with("snapshots", member(value, "snapshots"))
        .with("files", member(value, "files"))
        .with("segments", member(value, "segments"))
        .with("receipts", member(value, "receipts"))
        .with("opened", size(value))
        .with_each("wrong", problems)
        .text(view)
}

/// A drill that passed.
pub(crate) fn drilled(value: &Value, view: &View) -> String {
    let same = value.get("same").and_then(Value::as_u64);
    let same = same.map_or_else(|| "no live store was at hand".to_owned(), |same| format!("{same} are the same in the live store"));
    let details = Details::default()
        .with("snapshot", member(value, "snapshot"))
        .with("opened by", member(value, "identity"))
        .with("entries", member(value, "entries"))
        .with("rows", format!("{}; {same}", member(value, "rows")))
        .with("refused", format!("{} of 2 tokens that were revoked", member(value, "refused")))
        .with("over", with_distance(&member(value, "at"), view.now_seconds))
        .with("took", format!("{} s", number(value, "seconds")));
    format!("The drill passed.\n\n{}", details.text(view))
}

/// What was restored.
pub(crate) fn restored(value: &Value, view: &View) -> String {
    let is_complete = value.get("is_complete").and_then(Value::as_bool).unwrap_or_default();
    let left = number(value, "left_behind");
    let left = if left == 0 {
        String::new()
    } else {
        format!("{left} entries, of which {} commits were made again: they took something away", number(value, "taken_again"))
    };
    let details = Details::default()
        .with("data", member(value, "data"))
        .with("snapshot", member(value, "snapshot"))
        .with("entries", member(value, "entries"))
        .with("until", with_distance(&member(value, "until"), view.now_seconds))
        .with("left behind", left)
        .with_each("files", files(value));
    let end = if is_complete {
        "Nothing that was revoked is missing."
    } else {
        "It cannot be shown that nothing is missing: access tokens from before are dead, \
         and keys and secrets from before are refused until `jeton backup restore accept-gap`."
    };
    format!("{}\n{end}\nGo on with:\n  {}\n", details.text(view), member(value, "serve"))
}

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
