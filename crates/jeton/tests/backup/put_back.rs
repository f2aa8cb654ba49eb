//! A data folder that was put back to an earlier state: what was revoked since is on its target, and nothing is served that lacks it.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use crate::place::Place;

const TARGET: &str = "jeton-data.backups";
const WHY: &str = "was put back to an earlier state";

fn copy(place: &Place, from: &str, to: &str) {
    let copied = Command::new("cp").args(["-a", "-T"]).arg(place.path(from)).arg(place.path(to)).status().unwrap();
    assert!(copied.success());
}

/// Puts the copy in the place of the folder.
fn put_back(place: &Place) {
    fs::remove_dir_all(place.path("jeton-data")).unwrap();
    copy(place, "copy", "jeton-data");
}

/// A deployment whose key was revoked after its folder was copied.
fn revoked_since(durability: &str) -> (Place, String, String) {
    let mut place = Place::with_server(durability);
    let (kept, leaked) = (place.key(), place.key());
    place.wait_until_shipped();
    place.end(Signal::TERM);
    copy(&place, "jeton-data", "copy");
    place.start("jeton-data");
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.wait_until_shipped();
    place.end(Signal::TERM);
    put_back(&place);
    (place, kept, leaked)
}

fn serving(place: &Place) -> Vec<String> {
    let (root, config) = (place.path("jeton-data.root-key"), place.path("jeton-data/jeton.toml"));
    let (root, config) = (root.display().to_string(), config.display().to_string());
    ["serve", "--data", "jeton-data", "--config", &config, "--root-key-file", &root, "--listen", "127.0.0.1:0"].map(str::to_owned).to_vec()
}

#[track_caller]
fn refuses(place: &Place, more: &[&str]) {
    let words = serving(place);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let output = place.output(&words, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !said.contains("jeton serves"), "{said}");
    for needle in [WHY, "jeton backup restore", "--put-back"] {
        assert!(said.contains(needle), "{needle}: {said}");
    }
}

#[test]
fn what_was_put_back_is_not_served_and_a_restore_has_what_was_revoked() {
    for durability in ["", "revocation_durability = \"sync\""] {
        let (mut place, kept, leaked) = revoked_since(durability);
        refuses(&place, &[]);
        // Nor with another target: the one of before is asked first, whatever is said of it.
        let toml = fs::read_to_string(place.path("jeton-data/jeton.toml")).unwrap();
        place.write("jeton-data/jeton.toml", &format!("{toml}backup_target = \"../other\"\n"));
        refuses(&place, &[]);
        refuses(&place, &["--new-backup-target"]);
        place.write("jeton-data/jeton.toml", &toml);
        let restored = place.json(&place.restore("restored", &[]));
        assert_eq!(restored["is_complete"], true, "{restored}");
        place.start("restored");
        assert_eq!([&kept, &leaked].map(|key| place.standing("restored", key)), ["valid", "revoked"]);
    }
}

#[test]
fn a_folder_that_must_go_on_does_so_behind_a_fence() {
    let (mut place, kept, leaked) = revoked_since("");
    let command = place.command(&[]);
    place.start_within_with(command, "jeton-data", &["--put-back"]);
    assert_eq!([&kept, &leaked].map(|key| place.standing("jeton-data", key)), ["suspended", "suspended"]);
    // What is made from the next second on counts.
    while place.standing("jeton-data", &place.key()) != "valid" {}
    place.wait_until_shipped();
    place.end(Signal::TERM);
    // Its own incarnation has begun there.
    place.start("jeton-data");
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.done(&["backup", "restore", "accept-gap", "--yes"]);
    assert_eq!([&kept, &leaked].map(|key| place.standing("jeton-data", key)), ["valid", "revoked"]);
    place.end(Signal::TERM);
    // What it lacks is on the target still, and is named.
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!((&restored["is_complete"], restored["others"].as_array().unwrap().len()), (&false.into(), 1), "{restored}");
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn a_server_ends_once_it_finds_that_its_folder_was_put_back() {
    let (mut place, _, leaked) = revoked_since("");
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    fs::create_dir(place.path(TARGET)).unwrap();
    place.start("jeton-data");
    assert!(!place.output(&["revoke", "-", "--yes"], &leaked).status.success());
    fs::remove_dir_all(place.path(TARGET)).unwrap();
    fs::rename(place.path("disk"), place.path(TARGET)).unwrap();
    place.hears(WHY);
    assert_eq!(place.ended().code(), Some(3));
}
