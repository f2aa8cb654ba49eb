//! Drills: by the server that runs, on another machine, and after what breaks them.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::in_place::{ends, stopped};
use crate::place::Place;

/// The check of the doctor, and the grade of its practice.
pub(crate) fn examined(place: &Place, id: &str) -> (String, Value) {
    let report: Value = serde_json::from_slice(&place.output(&["doctor", "--json"], "").stdout).unwrap();
    let practices = report["practices"].as_array().unwrap();
    let found = practices.iter().find_map(|practice| {
        let check = practice["checks"].as_array().unwrap().iter().find(|check| check["id"] == id)?;
        Some((check["verdict"].as_str().unwrap().to_owned(), practice["grade"].clone()))
    });
    found.unwrap_or_else(|| panic!("the doctor does not look at {id}"))
}

pub(crate) fn told(place: &Place, kind: &str) -> Vec<Value> {
    let entries = place.json(&["audit", "tail", "-n", "1000"]);
    entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

/// The files of the target below this folder, in the order of their names.
fn files(place: &Place, folder: &str) -> Vec<PathBuf> {
    fn walk(folder: PathBuf, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(&folder) else { return };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() { walk(path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(place.path("jeton-data.backups").join(folder), &mut found);
    found.sort();
    found
}

fn flip(path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_drill_passes_while_the_server_goes_on_and_leaves_a_receipt() {
    let place = Place::with_server("");
    let (kept, leaked) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    place.said(&["revoke", "-", "--yes"], &leaked);
    assert_eq!(examined(&place, "recovery.drill").0, "not_known");
    let drill = std::thread::scope(|scope| {
        let drilling = scope.spawn(|| place.json(&["backup", "drill"]));
        while !drilling.is_finished() {
            let token = place.token();
            place.said(&["revoke", "-", "--yes"], &token);
        }
        drilling.join().unwrap()
    });
    assert!(drill["same"].as_u64().unwrap() > 10 && drill["same"].as_u64() <= drill["rows"].as_u64(), "{drill}");
    assert_eq!(drill["refused"], 2, "{drill}");
    assert!(drill["receipt"].as_str().unwrap().contains(&format!("\nusage_with live {}\n", drill["usage_same"])), "{drill}");
    assert!(!place.path("jeton-data/jeton.drill").exists(), "nothing is left of the store that was made");
    let entry = told(&place, "backup.drilled").pop().unwrap();
    assert_eq!((&entry["data"]["snapshot"], &entry["data"]["digest"]), (&drill["snapshot"], &drill["digest"]), "{entry}");
    assert_eq!(place.json(&["backup", "list"])["drills"]["passed"]["receipt"], drill["receipt"]);
    assert_eq!(examined(&place, "recovery.drill").0, "passed");
    assert_eq!(place.standing("jeton-data", &kept), "valid");
    // The receipt lies on the target, and is looked over with the rest.
    let receipts = files(&place, "receipts");
    assert_eq!(receipts.len(), 1);
    assert_eq!(fs::read_to_string(&receipts[0]).unwrap(), drill["receipt"].as_str().unwrap());
    assert_eq!(place.json(&["backup", "verify"])["receipts"], 1);
    flip(&receipts[0]);
    let output = place.output(&["backup", "verify", "--json"], "");
    assert!(output.status.code() == Some(1) && String::from_utf8_lossy(&output.stdout).contains("receipts/"), "{output:?}");
}

#[test]
fn the_schedule_drills_and_a_start_finds_the_last_receipt() {
    let mut place = Place::with_server("backup_drill_every = \"1s\"");
    place.done(&["backup", "create"]);
    let at = place.json(&["backup", "drill"])["at"].as_str().unwrap().to_owned();
    let due = jeton_http::api::rfc3339::format(jeton_http::api::rfc3339::parse(&at).unwrap() + 2);
    while place.json(&["audit", "checkpoint"])["signed_at"].as_str().unwrap() < due.as_str() {}
    place.end(Signal::TERM);
    place.start("jeton-data");
    place.hears("a drill passed");
    let file = place.path("jeton-data/jeton.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("\"1s\"", "\"7d\"")).unwrap();
    place.end(Signal::TERM);
    place.start("jeton-data");
    while examined(&place, "recovery.drill").0 != "passed" {}
    assert_eq!(files(&place, "receipts").len(), 2);
}

#[test]
fn a_drill_that_fails_is_told_once_and_lowers_the_grade_until_one_passes() {
    let place = Place::with_server("");
    place.done(&["backup", "create"]);
    place.done(&["backup", "drill"]);
    let part = files(&place, "snapshots").into_iter().rfind(|path| path.ends_with("part-00001.age")).unwrap();
    flip(&part);
    for _ in 0..2 {
        place.fails(&["backup", "drill"], "part-00001.age is damaged");
    }
    place.hears("the drill failed");
    assert_eq!(told(&place, "backup.drill_failed").len(), 1);
    assert_eq!(examined(&place, "recovery.drill"), ("failed".to_owned(), Value::from("D")));
    assert!(place.done(&["backup", "list"]).contains("failed"));
    flip(&part);
    place.done(&["backup", "drill"]);
    assert_eq!(examined(&place, "recovery.drill").0, "passed");
}

/// A drill as whoever keeps the recovery identity makes it.
const ELSEWHERE: [&str; 8] =
    ["backup", "drill", "--from", "jeton-data.backups", "--identity", "recovery.key", "--root-key-file", "jeton-data.root-key"];

#[test]
fn a_drill_on_another_machine_shows_that_the_recovery_identity_opens_a_backup() {
    let place = Place::with_server("");
    place.key();
    place.done(&["backup", "create"]);
    place.wait_until_shipped();
    let receipt = place.done(&ELSEWHERE);
    assert!(receipt.contains("\nsame none\nusage ") && receipt.contains("\nusage_with manifest\nrefused 2\n"), "{receipt}");
    assert!(!place.path(".jeton.drill").exists());
    place.write("receipt.txt", &receipt);
    assert_eq!(examined(&place, "recovery.identity").0, "not_known");
    for _ in 0..2 {
        place.done(&["backup", "drill", "--receipt", "receipt.txt"]);
    }
    assert_eq!(examined(&place, "recovery.identity").0, "passed");
    assert_eq!(told(&place, "backup.drilled").len(), 1, "the same receipt is told of once");
    assert!(place.json(&["backup", "list"])["drills"]["identity_proven_at"].is_string());
    // What the server itself opened, what was changed, and what another deployment drilled prove nothing here.
    let own = place.json(&["backup", "drill"])["receipt"].as_str().unwrap().to_owned();
    let changed = receipt.replace("\nseconds ", "\nseconds 1");
    place.write("wrong.txt", &own);
    place.fails(&["backup", "drill", "--receipt", "wrong.txt"], "is none of `backup_recipients`");
    for wrong in [changed.as_str(), "", "jeton drill\n"] {
        place.write("wrong.txt", wrong);
        place.fails(&["backup", "drill", "--receipt", "wrong.txt"], "no receipt of a drill");
    }
    let other = Place::with_server("");
    other.done(&["backup", "create"]);
    other.wait_until_shipped();
    place.write("wrong.txt", &other.done(&ELSEWHERE));
    place.fails(&["backup", "drill", "--receipt", "wrong.txt"], "no receipt of a drill");
}

#[test]
fn a_drill_on_another_machine_takes_away_nothing_that_it_did_not_make() {
    let place = Place::with_server("");
    place.done(&["backup", "create"]);
    place.wait_until_shipped();
    let theirs = place.path(".jeton.drill");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "the only copy").unwrap();
    place.fails(&ELSEWHERE, "no drill made it");
    assert_eq!(fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "the only copy");
    fs::remove_dir_all(&theirs).unwrap();
    // Of two at once the second says so, and leaves the first alone.
    let mut first = stopped(&place, &ELSEWHERE, &theirs.join("made/jeton.db.new"), &|| {});
    place.fails(&ELSEWHERE, "another drill goes on");
    kill_process(Pid::from_child(&first), Signal::CONT).unwrap();
    assert!(first.wait().unwrap().success());
    // Whoever ends it in the middle finds nothing of it.
    for signal in [Signal::INT, Signal::TERM] {
        let first = stopped(&place, &ELSEWHERE, &theirs.join("made/jeton.db.new"), &|| {});
        ends(first, signal);
        assert!(!theirs.exists());
    }
    // Nothing is made among what is sealed.
    let within = place.path("jeton-data.backups/here");
    fs::create_dir(&within).unwrap();
    let words = ["backup", "drill", "--from", "..", "--identity", "../../recovery.key", "--root-key-file", "../../jeton-data.root-key"];
    let output = place.command(&words).current_dir(&within).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("in the clear"), "{output:?}");
    assert_eq!(fs::read_dir(&within).unwrap().count(), 0);
}

#[test]
fn a_drill_on_another_machine_says_what_it_lacks() {
    let place = Place::with_server("");
    place.done(&["backup", "create"]);
    place.wait_until_shipped();
    let made = place.json(&["init", "--data", "other", "--issuer", "http://127.0.0.1:8420"]);
    place.write("other.key", made["recovery_identity"].as_str().unwrap());
    let with = |at: usize, value: &'static str| {
        let mut words = ELSEWHERE;
        words[at] = value;
        words
    };
    place.fails(&with(5, "other.key"), "does not open with this identity");
    place.fails(&with(7, "other.root-key"), "was not written with this root key");
    place.fails(&with(3, "nowhere"), "is no folder");
    assert_eq!(place.output(&["backup", "drill", "--from", "jeton-data.backups"], "").status.code(), Some(2));
    assert!(!place.path(".jeton.drill").exists());
}

#[test]
fn a_server_that_is_killed_in_a_drill_leaves_a_folder_that_the_next_start_removes() {
    let mut place = Place::with_server("");
    place.done(&["backup", "create"]);
    let made = place.path("jeton-data/jeton.drill");
    std::thread::scope(|scope| {
        let drilling = scope.spawn(|| {
            // Until one was caught in the middle.
            while place.output(&["backup", "drill"], "").status.success() {}
        });
        while !made.join("made/jeton.db").exists() {}
        place.kill();
        drilling.join().unwrap();
    });
    assert!(made.exists(), "it was killed in the middle");
    place.end(Signal::KILL);
    place.start("jeton-data");
    assert!(!made.exists());
    place.done(&["backup", "drill"]);
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full"]).contains("what was written"));
}

/// What is sealed anew at a rotation opens in a drill that comes after it, and so does what is backed up from then on.
#[test]
fn a_drill_passes_after_the_root_key_was_rotated() {
    let place = Place::with_server("");
    place.done(&["backup", "create"]);
    place.done(&["root-key", "rotate", "--yes"]);
    place.key();
    place.done(&["backup", "drill"]);
    place.done(&["backup", "create"]);
    place.done(&["backup", "drill"]);
    place.done(&["backup", "verify"]);
}
