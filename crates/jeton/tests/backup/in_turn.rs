//! Targets that take turns, or that are left: none of them vouches for what a server did with another.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;

const TARGET: &str = "jeton-data.backups";
const LEFT: &str = "was the backup target until now";

/// Names another target in the configuration.
fn name_target(place: &Place, lines: &str) {
    let file = place.path("jeton-data/jeton.toml");
    let said = fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = said.lines().filter(|line| !line.starts_with("backup_target")).collect();
    fs::write(&file, format!("{}\n{lines}\n", kept.join("\n"))).unwrap();
}

/// Puts the disk of this name in the place of the one that lies there, which gets the other name.
fn swap(place: &Place, disk: &str, gets: &str) {
    fs::rename(place.path(TARGET), place.path(gets)).unwrap();
    if place.path(disk).exists() {
        fs::rename(place.path(disk), place.path(TARGET)).unwrap();
    } else {
        fs::create_dir(place.path(TARGET)).unwrap();
    }
}

fn flagged(place: &mut Place, data: &str) {
    let command = place.command(&[]);
    place.start_within_with(command, data, &["--new-backup-target"]);
}

fn from<'a>(place: &Place, target: &'a str, data: &'a str) -> Vec<&'a str> {
    let words = place.restore(data, &[]);
    [&words[..3], &[target], &words[4..]].concat()
}

/// Why the target is away, once it is.
fn away(place: &Place) -> String {
    loop {
        if let Some(why) = place.json(&["backup", "list"])["away"]["why"].as_str() {
            return why.to_owned();
        }
    }
}

fn is_revoked(place: &Place, key: &str) -> bool {
    place.output(&["revoke", "-", "--yes"], key).status.success()
}

/// What the ledger tells of targets that were left: whether each has heard so.
fn left(place: &Place) -> Vec<bool> {
    let entries = place.json(&["audit", "tail", "-n", "200", "--kind", "backup.target_left"]);
    let items = entries["items"].as_array().unwrap().iter();
    items.map(|entry| entry["data"]["heard"].as_bool().unwrap_or_else(|| panic!("{entry}"))).collect()
}

/// Nothing of before counts in what is made of this target.
#[track_caller]
fn is_fenced(place: &mut Place, target: &str, data: &str, leaked: &str) -> Value {
    let restored = place.json(&from(place, target, data));
    assert_eq!(restored["is_complete"], false, "{restored}");
    place.start(data);
    assert_eq!(place.standing(data, leaked), "suspended");
    place.end(Signal::TERM);
    restored
}

#[test]
fn a_target_that_is_left_for_another_hears_so_before_anything_is_acknowledged() {
    for durability in ["", "revocation_durability = \"sync\""] {
        let mut place = Place::with_server(durability);
        let leaked = place.key();
        place.wait_until_shipped();
        place.end(Signal::TERM);
        assert_eq!(place.json(&from(&place, TARGET, "before"))["is_complete"], true);
        name_target(&place, "backup_target = \"../other\"");
        place.start("jeton-data");
        assert!(is_revoked(&place, &leaked));
        assert_eq!(left(&place), [true]);
        place.wait_until_shipped();
        place.end(Signal::TERM);
        // The one in its place has everything.
        let restored = place.json(&from(&place, "other", "of-other"));
        assert_eq!(restored["is_complete"], true, "{restored}");
        is_fenced(&mut place, TARGET, "of-left", &leaked);
        place.start("of-other");
        assert_eq!(place.standing("of-other", &leaked), "revoked");
    }
}

#[test]
fn a_disk_at_the_same_place_is_another_target_until_the_one_of_before_has_heard_or_nobody_needs_it() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    swap(&place, "b", "a");
    flagged(&mut place, "jeton-data");
    place.wait_until_shipped();
    assert_eq!(left(&place), [false], "it could not hear");
    place.end(Signal::TERM);
    // The first again: it is known, and the other one says that nothing came after it.
    swap(&place, "a", "b");
    place.start("jeton-data");
    let why = away(&place);
    assert!(why.contains(LEFT) && why.contains("--new-backup-target"), "{why}");
    assert!(!is_revoked(&place, &leaked));
    let held = place.json(&["backup", "list"]);
    assert_eq!(held["shipped"], 0, "{held}");
    place.end(Signal::TERM);
    // It comes back.
    swap(&place, "b", "a");
    place.start("jeton-data");
    place.wait_until_shipped();
    assert!(is_revoked(&place, &leaked));
    place.end(Signal::TERM);
    // Or nobody will restore from it.
    swap(&place, "a", "b");
    flagged(&mut place, "jeton-data");
    place.wait_until_shipped();
    assert_eq!(left(&place), [false, false]);
    place.end(Signal::TERM);
    let restored = place.json(&from(&place, TARGET, "restored"));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    assert_eq!(place.standing("restored", &leaked), "revoked");
}

#[test]
fn disks_that_are_said_to_take_turns_vouch_for_nothing_and_need_no_word() {
    for durability in ["", "\nrevocation_durability = \"sync\""] {
        let mut place = Place::with_server(&format!("backup_target_rotates = \"on\"{durability}"));
        let leaked = place.key();
        place.wait_until_shipped();
        place.end(Signal::TERM);
        swap(&place, "b", "a");
        // A new one is a new one all the same.
        flagged(&mut place, "jeton-data");
        place.wait_until_shipped();
        place.end(Signal::TERM);
        swap(&place, "a", "b");
        place.start("jeton-data");
        assert!(is_revoked(&place, &leaked));
        place.wait_until_shipped();
        assert_eq!(left(&place), Vec::<bool>::new());
        place.end(Signal::TERM);
        let restored = is_fenced(&mut place, "b", "of-b", &leaked);
        assert!(restored["known_until"].as_str().is_some(), "{restored}");
        let restored = place.json(&from(&place, TARGET, "of-a"));
        assert_eq!(restored["is_complete"], false, "{restored}");
        place.start("of-a");
        assert_eq!(place.standing("of-a", &leaked), "revoked");
    }
}

#[test]
fn a_target_is_told_by_whoever_ships_nowhere_and_not_by_a_trial() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    // A trial of a folder that was made of it leaves it as it is.
    place.done(&from(&place, TARGET, "tried"));
    let nowhere = |place: &Place| {
        let mut command = place.command(&[]);
        command.env("JETON_BACKUP_TARGET", "none");
        command
    };
    let command = place.command(&[]);
    place.start_within_with(command, "tried", &["--trial"]);
    place.end(Signal::TERM);
    assert_eq!(place.json(&from(&place, TARGET, "again"))["is_complete"], true);
    // The server's own folder is tried by nobody.
    let root = place.path("jeton-data.root-key").display().to_string();
    let words = ["serve", "--data", "jeton-data", "--root-key-file", &root, "--listen", "127.0.0.1:0"];
    let refused = place.command(&[&words[..], &["--trial"]].concat()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("or was served since: a trial would be missed"), "{said}");
    // The server itself goes on without one.
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    let refused = nowhere(&place).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains(LEFT) && said.contains("is it mounted?"), "{said}");
    fs::rename(place.path("disk"), place.path(TARGET)).unwrap();
    let command = nowhere(&place);
    place.start_within(command, "jeton-data");
    assert!(is_revoked(&place, &leaked));
    place.end(Signal::TERM);
    // It has heard, and needs not hear again.
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    let command = nowhere(&place);
    place.start_within(command, "jeton-data");
    assert_eq!(left(&place), [true]);
    place.end(Signal::TERM);
    fs::rename(place.path("disk"), place.path(TARGET)).unwrap();
    is_fenced(&mut place, TARGET, "of-left", &leaked);
}

#[test]
fn a_restored_folder_that_ships_nowhere_and_is_no_trial_tells_the_target_that_it_was_made_of() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    place.done(&from(&place, TARGET, "alone"));
    let mut command = place.command(&[]);
    command.env("JETON_BACKUP_TARGET", "none");
    place.start_within(command, "alone");
    place.said(&["revoke", "-", "--yes", "--data", "alone"], &leaked);
    place.end(Signal::KILL);
    let restored = is_fenced(&mut place, TARGET, "of-left", &leaked);
    assert_eq!(restored["others"].as_array().unwrap().len(), 1, "{restored}");
    // It was served, and is no trial any more.
    let command = place.command(&["serve", "--data", "alone", "--listen", "127.0.0.1:0", "--trial"]).output().unwrap();
    assert!(!command.status.success());
}

#[test]
fn a_move_to_another_target_tells_the_one_that_it_was_made_of() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    place.done(&from(&place, TARGET, "moved"));
    name_target(&place, "backup_target = \"../other\"");
    place.start("moved");
    place.said(&["revoke", "-", "--yes", "--data", "moved"], &leaked);
    place.end(Signal::KILL);
    let restored = is_fenced(&mut place, TARGET, "of-left", &leaked);
    assert_eq!(restored["others"].as_array().unwrap().len(), 1, "{restored}");
}

#[test]
fn a_mark_of_before_has_no_number_and_gets_one() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let (mark, memory) = (place.path(TARGET).join("target.txt"), place.path("jeton-data/jeton.backup-targets"));
    let without = |text: &str| text.lines().filter(|line| !line.starts_with("number ")).map(|line| format!("{line}\n")).collect::<String>();
    let numbered = fs::read_to_string(&mark).unwrap();
    fs::write(&mark, without(&numbered)).unwrap();
    // As an older program wrote it, in the folder in which it was started.
    fs::write(&memory, "s3://former/prefix\njeton-data.backups\n").unwrap();
    place.start("jeton-data");
    place.wait_until_shipped();
    assert_eq!(left(&place), Vec::<bool>::new(), "it is the target that it was");
    let anew = fs::read_to_string(&mark).unwrap();
    assert!(anew.contains("\nnumber ") && without(&anew) == without(&numbered), "{anew}");
    place.end(Signal::TERM);
    // Left by a program that knows more than the one that began it.
    fs::write(&mark, without(&numbered)).unwrap();
    fs::write(&memory, "jeton-data.backups\n").unwrap();
    name_target(&place, "backup_target = \"../other\"");
    place.start("jeton-data");
    assert!(is_revoked(&place, &leaked));
    assert_eq!(left(&place), [true]);
    place.end(Signal::KILL);
    is_fenced(&mut place, TARGET, "of-left", &leaked);
}

#[test]
fn a_disk_that_is_put_in_the_place_of_another_under_a_server_is_named() {
    let mut place = Place::with_server("backup_target_rotates = \"on\"");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    swap(&place, "b", "a");
    flagged(&mut place, "jeton-data");
    place.wait_until_shipped();
    swap(&place, "a", "b");
    let why = away(&place);
    assert!(why.contains("another backup target of this deployment"), "{why}");
    swap(&place, "b", "a");
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
}
