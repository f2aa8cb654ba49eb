//! Several servers that went on from one ledger, on one target.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::drill::told;
use crate::place::Place;
use crate::restore::a_second;

const KEPT: &str = "backup_target = \"../kept\"\nrevocation_durability = \"sync\"";

fn from_kept<'a>(place: &Place, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = place.restore(data, more);
    [&words[..3], &["kept"], &words[4..]].concat()
}

/// How many snapshots are whole.
fn count(place: &Place) -> usize {
    let snapshots = fs::read_dir(place.path("kept/snapshots")).unwrap();
    snapshots.filter(|snapshot| snapshot.as_ref().unwrap().path().join("manifest.age").exists()).count()
}

#[test]
fn what_a_restored_server_revoked_before_its_first_snapshot_stays_so() {
    let mut place = Place::with_server(KEPT);
    let (leaked, kept) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    place.end(Signal::TERM);
    assert_eq!(place.json(&from_kept(&place, "moved", &[]))["is_complete"], true);
    // No snapshot of the new one comes to its end.
    fs::rename(place.path("kept/files"), place.path("files")).unwrap();
    place.write("kept/files", "in the way");
    place.start("moved");
    place.said(&["revoke", "-", "--yes", "--data", "moved"], &leaked);
    place.end(Signal::KILL);
    let restored = place.json(&from_kept(&place, "again", &["--without-files"]));
    assert_eq!((&restored["is_complete"], restored["others"].as_array().unwrap().len()), (&true.into(), 0), "{restored}");
    place.start("again");
    assert_eq!([&leaked, &kept].map(|key| place.standing("again", key)), ["revoked", "valid"]);
}

#[test]
fn a_restore_that_was_tried_does_not_hide_what_the_server_did_since() {
    let mut place = Place::with_server(KEPT);
    let leaked = place.key();
    place.done(&["backup", "create"]);
    place.end(Signal::TERM);
    place.done(&from_kept(&place, "tried", &[]));
    let before = count(&place);
    place.start("tried");
    while count(&place) == before {}
    place.end(Signal::TERM);
    place.start("jeton-data");
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::KILL);
    let restored = place.json(&from_kept(&place, "again", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
    let other = &restored["others"][0];
    assert!(other["until"].as_str().unwrap() >= restored["until"].as_str().unwrap(), "{restored}");
    place.start("again");
    assert_eq!(place.standing("again", &leaked), "suspended");
    // Who accepts it is told what lies there.
    let accept = ["backup", "restore", "accept-gap", "--data", "again"];
    place.fails(&accept, &format!("tail/{} ({} entries", other["incarnation"].as_str().unwrap(), other["entries"]));
    place.done(&[&accept[..], &["--yes"]].concat());
    assert_eq!(told_by(&place, "again", "gap.accepted")[0]["data"]["size"], restored["entries"]);
    // What the server did meanwhile is in an incarnation that can be asked for.
    place.end(Signal::TERM);
    let of_server = other["incarnation"].as_str().unwrap();
    let restored = place.json(&from_kept(&place, "of-server", &["--incarnation", of_server]));
    assert_eq!((&restored["is_complete"], restored["entries"].as_u64()), (&false.into(), other["entries"].as_u64()), "{restored}");
    assert!(restored["others"].as_array().unwrap().iter().all(|other| other["incarnation"] != of_server), "{restored}");
    place.start("of-server");
    assert_eq!(place.standing("of-server", &leaked), "revoked");
    for (wrong, said) in [("0".repeat(32), "no snapshot on the target is of that incarnation"), ("0".repeat(31), "32 hexadecimal digits")] {
        place.fails(&from_kept(&place, "wrong", &["--incarnation", &wrong]), said);
    }
    assert!(!place.path("wrong").exists());
}

#[test]
fn what_an_earlier_time_left_behind_fences_no_later_restore() {
    let mut place = Place::with_server(KEPT);
    let (kept, leaked) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    let second = a_second(&place).to_string();
    let given = place.key();
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    let restored = place.json(&from_kept(&place, "earlier", &["--until", &second]));
    assert_eq!((&restored["is_complete"], restored["taken_again"].as_u64()), (&true.into(), Some(1)), "{restored}");
    let before = count(&place);
    place.start("earlier");
    while count(&place) == before {}
    place.end(Signal::TERM);
    let restored = place.json(&from_kept(&place, "again", &[]));
    assert_eq!((&restored["is_complete"], restored["others"].as_array().unwrap().len()), (&true.into(), 0), "{restored}");
    place.start("again");
    assert_eq!([&kept, &leaked, &given].map(|key| place.standing("again", key)), ["valid", "revoked", "not_found"]);
}

#[test]
fn a_receipt_of_a_drill_shows_that_the_end_was_taken_away() {
    let mut place = Place::with_server(KEPT);
    place.done(&["backup", "create"]);
    for _ in 0..2 {
        let leaked = place.key();
        place.said(&["revoke", "-", "--yes"], &leaked);
    }
    let drilled = place.json(&["backup", "drill"]);
    place.end(Signal::KILL);
    let entries = drilled["entries"].as_u64().unwrap();
    let end = |name: &str| name.get(21..41)?.parse::<u64>().ok();
    for folder in fs::read_dir(place.path("kept/tail")).unwrap() {
        for segment in fs::read_dir(folder.unwrap().path()).unwrap().map(Result::unwrap) {
            if end(segment.file_name().to_str().unwrap()).unwrap() >= entries {
                fs::remove_file(segment.path()).unwrap();
            }
        }
    }
    // Whoever takes the end away may put others before the receipt.
    for number in 0..40 {
        place.write(&format!("kept/receipts/20990101T000000Z-{number:08}.txt"), "nothing");
    }
    let restored = place.json(&from_kept(&place, "restored", &[]));
    assert!(restored["entries"].as_u64().unwrap() < entries, "{restored}");
    assert_eq!(restored["is_complete"], false, "{restored}");
}

#[test]
fn of_two_servers_of_one_ledger_one_ships() {
    let mut first = Place::with_server("");
    first.key();
    first.wait_until_shipped();
    first.end(Signal::TERM);
    let mut second = Place::without_server("");
    for name in ["jeton-data", "jeton-data.root-key"] {
        let copied = Command::new("cp").args(["-a", "-T"]).arg(first.path(name)).arg(second.path(name)).status().unwrap();
        assert!(copied.success());
    }
    let file = second.path("jeton-data/jeton.toml");
    let target = format!("backup_target = {:?}\n", first.path("jeton-data.backups"));
    let said = fs::read_to_string(&file).unwrap().replace(first.path("jeton-data.root-key").to_str().unwrap(), "../jeton-data.root-key");
    fs::write(&file, format!("{said}{target}")).unwrap();
    first.start("jeton-data");
    second.start("jeton-data");
    let ships = |place: &Place| place.sample("jeton_backup_target_reachable") == 1.0;
    let mut turns = 0;
    while ships(&first) && ships(&second) && turns < 60 {
        first.key();
        second.key();
        turns += 1;
    }
    assert!(!ships(&first) || !ships(&second), "both ship");
    first.end(Signal::KILL);
    second.end(Signal::KILL);
    first.done(&first.restore("restored", &[]));
}

/// What the ledger of a served folder tells of this kind.
fn told_by(place: &Place, data: &str, kind: &str) -> Vec<Value> {
    let entries = place.json(&["audit", "tail", "-n", "1000", "--data", data]);
    entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

/// The folders of the tail that hold a segment.
fn tails(place: &Place) -> usize {
    let folders = fs::read_dir(place.path("kept/tail")).unwrap().map(|folder| folder.unwrap().path());
    folders
        .filter(|folder| fs::read_dir(folder).unwrap().any(|name| name.unwrap().path().extension().is_some_and(|end| end == "age")))
        .count()
}

fn problems(place: &Place, data: &str) -> Vec<Value> {
    place.json(&["backup", "list", "--data", data])["problems"].as_array().unwrap().clone()
}

/// Whose the snapshots are, as a server on this folder says.
fn whose(place: &Place, data: &str) -> Vec<String> {
    let shown = place.json(&["backup", "list", "--data", data]);
    shown["snapshots"].as_array().unwrap().iter().map(|snapshot| snapshot["whose"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_tells_that_a_folder_of_its_backup_was_served_on_its_target() {
    let mut place = Place::with_server(KEPT);
    place.done(&["backup", "create"]);
    let restored = place.json(&from_kept(&place, "tried", &[]));
    let target = fs::canonicalize(place.path("kept")).unwrap();
    assert_eq!(restored["ships_to"], target.to_str().unwrap());
    assert_eq!(restored["trial"], "jeton serve --data tried --trial");
    let words = ["serve", "--data", "tried", "--listen", "127.0.0.1:0"];
    let mut other = place.command(&words).stderr(Stdio::null()).spawn().unwrap();
    while tails(&place) < 2 {}
    other.kill().unwrap();
    other.wait().unwrap();
    // Where the target is there again it is looked at once who ships there.
    fs::rename(place.path("kept"), place.path("disk")).unwrap();
    let mut said = place.hears("the backup target is away");
    fs::rename(place.path("disk"), place.path("kept")).unwrap();
    said.extend(place.hears("takes the ledger's tail again"));
    while problems(&place, "jeton-data").is_empty() {}
    let problems_of_server = problems(&place, "jeton-data");
    assert!(problems_of_server.iter().all(|problem| problem.as_str().unwrap().contains("Stop one of the two")), "{problems_of_server:?}");
    let report: Value = serde_json::from_slice(&place.output(&["doctor", "--json"], "").stdout).unwrap();
    assert!(report.to_string().contains("another server, which went on from a backup"), "{report}");
    let verified = place.output(&["backup", "verify"], "");
    let said_of_it = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(!verified.status.success() && said_of_it.contains("is of another server"), "{said_of_it}");
    while place.sample("jeton_backup_others") < 1.0 || told(&place, "backup.other_found").is_empty() {}
    // It goes on all the same.
    place.key();
    place.wait_until_shipped();
    said.extend(place.end_and_read(Signal::TERM));
    assert_eq!(said.iter().filter(|line| line.contains("is of another server")).count(), 1, "{said:#?}");
    // The other comes from this one, and nobody is beside it: it has looked before its first snapshot.
    let before = count(&place);
    place.start("tried");
    while count(&place) == before {}
    assert_eq!(problems(&place, "tried"), Vec::<Value>::new());
    assert_eq!(whose(&place, "tried").last().unwrap(), "own");
    assert!(whose(&place, "tried").contains(&"past".to_owned()), "{:?}", whose(&place, "tried"));
    place.end(Signal::TERM);
    // The next process tells it again, and the ledger is told once.
    place.start("jeton-data");
    while problems(&place, "jeton-data").is_empty() {}
    assert_eq!(whose(&place, "jeton-data").last().unwrap(), "another");
    assert!(place.done(&["backup", "list"]).contains("another's"));
    let (entries, incarnation) = (told(&place, "backup.other_found"), restored["incarnation"].as_str().unwrap_or_default());
    assert!(entries.len() == 1 && entries[0]["data"]["incarnation"] != incarnation, "{entries:?}");
    place.end(Signal::TERM);
    // What a restore says for a trial ships nowhere.
    place.done(&from_kept(&place, "trial", &[]));
    let before = tails(&place);
    let command = place.command(&[]);
    place.start_within_with(command, "trial", &["--trial"]);
    let report: Value = serde_json::from_slice(&place.output(&["doctor", "--json", "--data", "trial"], "").stdout).unwrap();
    assert!(report.to_string().contains("this is a trial of a restored folder"), "{report}");
    place.end(Signal::TERM);
    assert_eq!(tails(&place), before);
}

#[test]
fn a_server_drills_with_its_own_whoever_else_has_a_newer_one() {
    let place = Place::with_server(KEPT);
    let made = place.json(&["backup", "create"]);
    let restored = place.json(&from_kept(&place, "tried", &[]));
    let (words, before) = (["serve", "--data", "tried", "--listen", "127.0.0.1:0"], count(&place));
    let mut other = place.command(&words).stderr(Stdio::null()).spawn().unwrap();
    while count(&place) == before {}
    // With what it tells after the snapshot.
    while {
        let completed = told_by(&place, "tried", "backup.completed");
        let is_told = completed.iter().any(|entry| entry["sequence"].as_u64() >= restored["entries"].as_u64());
        let backups = place.json(&["backup", "list", "--data", "tried"]);
        !is_told || backups["shipped"] != backups["size"]
    } {}
    other.kill().unwrap();
    other.wait().unwrap();
    // It drills with its own, though the newest is of the other; whoever drills elsewhere is told which was taken.
    let drilled = place.json(&["backup", "drill"]);
    assert_eq!(drilled["snapshot"], made["id"], "{drilled}");
    let elsewhere = ["backup", "drill", "--from", "kept", "--identity", "recovery.key", "--root-key-file", "jeton-data.root-key"];
    let output = place.output(&elsewhere, "");
    let (receipt, said) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    let own = drilled["receipt"].as_str().unwrap().lines().find_map(|line| line.strip_prefix("incarnation ")).unwrap().to_owned();
    assert!(output.status.success() && said.contains(&format!("the target has tail/{own} beside it")), "{said}");
    assert!(!receipt.contains(&own), "{receipt}");
    assert!(place.done(&[&elsewhere[..], &["--incarnation", &own]].concat()).contains(&own));
}
