//! What a checkpoint that was kept elsewhere shows of a restore: until when nothing is missing, or that something is; never that nothing came
//! after it.

use std::fs;

use jeton_http::api::rfc3339;
use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;
use crate::restore::a_second;

/// The checkpoint over all that the target has.
fn last_checkpoint(place: &Place) -> String {
    place.wait_until_shipped();
    let size = place.json(&["backup", "list"])["size"].as_u64().unwrap();
    loop {
        let note = place.done(&["audit", "checkpoint"]);
        if size_of(&note) == size {
            return note;
        }
    }
}

fn size_of(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

/// Once the first snapshot is told nothing comes of itself.
fn rest(place: &Place) {
    while !place.json(&["audit", "tail", "-n", "9"]).to_string().contains("backup.completed") {}
}

fn is_complete(restored: &Value) -> bool {
    restored["is_complete"].as_bool().unwrap()
}

#[test]
fn a_checkpoint_shows_nothing_of_what_came_after_it() {
    let mut place = Place::with_server("");
    let (kept, leaked) = (place.key(), place.key());
    rest(&place);
    let note = last_checkpoint(&place);
    fs::rename(place.path("jeton-data.backups"), place.path("away")).unwrap();
    place.write("jeton-data.backups", "in the way");
    place.hears("the backup target is away");
    // The target has heard of the start: it is acknowledged.
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::KILL);
    fs::remove_file(place.path("jeton-data.backups")).unwrap();
    fs::rename(place.path("away"), place.path("jeton-data.backups")).unwrap();
    place.write("checkpoint.txt", &note);
    let restored = place.json(&place.restore("restored", &["--checkpoint", "checkpoint.txt"]));
    assert!(!is_complete(&restored), "{restored}");
    let signed_at: i64 = note.lines().nth(3).unwrap().strip_prefix("time ").unwrap().parse().unwrap();
    assert_eq!(restored["known_until"], rfc3339::format(signed_at), "{restored}");
    place.start("restored");
    assert_eq!([&kept, &leaked].map(|key| place.standing("restored", key)), ["suspended", "suspended"]);
}

#[test]
fn a_checkpoint_is_compared_with_what_was_found_and_with_what_an_earlier_time_leaves_behind() {
    let mut place = Place::with_server("");
    let (kept, leaked) = (place.key(), place.key());
    rest(&place);
    let early = last_checkpoint(&place);
    let second = a_second(&place).to_string();
    place.said(&["revoke", "-", "--yes"], &leaked);
    let amid = last_checkpoint(&place);
    place.key();
    let note = last_checkpoint(&place);
    place.end(Signal::TERM);
    let lines = |note: &str| note.split('\n').map(str::to_owned).collect::<Vec<String>>();
    let with_root = |note: &str| note.replacen(&lines(note)[2], &format!("{}=", "A".repeat(43)), 1);
    let with_more = note.replacen(&format!("\n{}\n", size_of(&note)), &format!("\n{}\n", size_of(&note) + 1), 1);
    for (name, text) in [
        ("note.txt", &note),
        ("early.txt", &early),
        ("amid.txt", &amid),
        ("more.txt", &with_more),
        ("other.txt", &with_root(&note)),
        ("early-other.txt", &with_root(&early)),
    ] {
        place.write(name, text);
    }
    let earlier = ["--until", &second];
    let restore = |data, more: &[&str], checkpoint: &str| {
        let words = [more, &["--checkpoint", checkpoint]].concat();
        place.json(&[&place.restore(data, &[])[..], &words].concat())
    };
    // The server had stopped in order: what shows less takes nothing of it, and one over more entries shows that some are missing.
    for (data, checkpoint, more, expected) in [
        ("with-note", "note.txt", &[][..], true),
        ("with-early", "early.txt", &[], true),
        ("with-more", "more.txt", &[], false),
        ("earlier", "note.txt", &earlier, true),
        ("earlier-with-early", "early.txt", &earlier, true),
        ("earlier-with-more", "more.txt", &earlier, false),
    ] {
        let restored = restore(data, more, checkpoint);
        assert_eq!(is_complete(&restored), expected, "{checkpoint} {more:?}: {restored}");
        assert!(restored["known_until"].as_str().is_some(), "{restored}");
    }
    for (more, checkpoint, needle) in [
        (&[][..], "other.txt", "is of another ledger"),
        (&[], "early-other.txt", "is of another ledger"),
        (&earlier, "other.txt", "is of another ledger"),
        (&earlier, "early-other.txt", "is of another ledger"),
        (&earlier, "amid.txt", "shows nothing of the end"),
    ] {
        place.fails(&[&place.restore("wrong", more)[..], &["--checkpoint", checkpoint]].concat(), needle);
        assert!(!place.path("wrong").exists());
    }
    place.start("earlier");
    assert_eq!([&kept, &leaked].map(|key| place.standing("earlier", key)), ["valid", "revoked"]);
}
