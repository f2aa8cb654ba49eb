//! What goes wrong around backups: nothing that was acknowledged as taken away comes back, and nothing half-made counts.

use std::fs;
use std::process::Child;

use rustix::process::Signal;

use crate::place::Place;

/// A target that takes nothing, in the place of the one that is there.
fn take_target_away(place: &Place) {
    fs::rename(place.path("jeton-data.backups"), place.path("away")).unwrap();
    fs::create_dir(place.path("jeton-data.backups")).unwrap();
    place.write("jeton-data.backups/tail", "in the way");
}

fn bring_target_back(place: &Place) {
    fs::remove_dir_all(place.path("jeton-data.backups")).unwrap();
    fs::rename(place.path("away"), place.path("jeton-data.backups")).unwrap();
}

#[test]
fn a_target_that_never_heard_of_the_start_does_not_vouch_for_what_came_after() {
    let mut place = Place::with_server("");
    let (leaked, later) = (place.key(), place.key());
    place.wait_until_shipped();
    // What is there says that nothing came after.
    place.end(Signal::TERM);
    take_target_away(&place);
    place.start("jeton-data");
    let answer = place.output(&["revoke", "-", "--yes"], &leaked);
    let again = place.output(&["revoke", "-", "--yes"], &leaked);
    assert_eq!(place.standing("jeton-data", &leaked), "revoked", "it holds here");
    place.end(Signal::KILL);
    bring_target_back(&place);
    let restored = place.json(&place.restore("restored", &[]));
    let said = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(restored["is_complete"], true, "the target cannot know: {restored}");
    assert!(!answer.status.success() && said.contains("holds on this server"), "it was acknowledged: {said}");
    assert!(!again.status.success(), "whoever asks again is told no more");
    // Once the target hears of a start, what it says of the end no longer holds.
    take_target_away(&place);
    place.start("jeton-data");
    bring_target_back(&place);
    while !place.output(&["revoke", "-", "--yes"], &later).status.success() {}
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("again", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
}

#[test]
fn a_tail_with_a_hole_is_closed_by_a_snapshot_at_once() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.done(&["client", "create", "--name", "other", "--audience", "a:b"]);
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let before = place.snapshots();
    let tail = fs::read_dir(place.path("jeton-data.backups/tail")).unwrap().next().unwrap().unwrap().path();
    let mut segments: Vec<_> = fs::read_dir(tail).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    // The last that holds entries, and is followed by what says how it ended.
    let lost = segments.iter().rfind(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (from, to) = name.split_once('-').unwrap();
        from != to
    });
    fs::remove_file(lost.unwrap()).unwrap();
    let restored = place.json(&place.restore("holed", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
    place.start("jeton-data");
    while place.snapshots() == before {}
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("whole", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
}

/// Kills the server as soon as something appears below this folder of the target; what is there afterwards is whole, and of use.
fn kill_amid(folder: &str, begin: impl Fn(&Place) -> Option<Child>) {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    let (kept, leaked) = (place.key(), place.key());
    place.said(&["revoke", "-", "--yes"], &leaked);
    for _ in 0..4 {
        let before = place.files(folder);
        let asking = begin(&place);
        while place.files(folder) == before {}
        place.end(Signal::KILL);
        // Who asked hears no answer.
        asking.into_iter().for_each(|mut asking| drop(asking.wait()));
        place.start("jeton-data");
        place.wait_until_shipped();
        let verified = place.json(&["backup", "verify"]);
        assert_eq!(verified["problems"].as_array().unwrap().len(), 0, "{verified}");
    }
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
    place.start("restored");
    assert_eq!((place.standing("restored", &kept), place.standing("restored", &leaked)), ("suspended".into(), "revoked".into()));
}

#[test]
fn a_kill_amid_a_snapshot_leaves_no_half_of_one() {
    kill_amid("snapshots", |place| Some(place.begin(&["backup", "create"])));
}

#[test]
fn a_kill_amid_a_segment_leaves_no_half_of_one() {
    kill_amid("tail", |place| {
        place.key();
        None
    });
}

#[test]
fn a_restore_that_was_killed_leaves_no_folder_and_the_next_one_makes_it() {
    let mut place = Place::with_server("");
    let key = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let (folder, scratch) = (place.path("restored"), place.path(".restored.restoring"));
    for _ in 0..4 {
        let mut restoring = place.begin(&place.restore("restored", &[]));
        while !scratch.exists() && restoring.try_wait().unwrap().is_none() {}
        restoring.kill().unwrap();
        restoring.wait().unwrap();
        assert!(!folder.exists(), "a folder with its name is a whole one");
    }
    assert!(scratch.exists(), "what was begun lies apart");
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!((restored["is_complete"].as_bool(), scratch.exists()), (Some(true), false), "{restored}");
    place.start("restored");
    assert_eq!(place.standing("restored", &key), "valid");
}
