//! Clocks that leap a year, while backups are made and at a start; and drills that are overdue.

use std::fs;

use rustix::process::Signal;

use crate::drill::{examined, told};
use crate::place::Place;
use crate::wrong_clock::WrongClock;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// A deployment whose clock can be set wrong.
fn on(clock: &WrongClock) -> Place {
    let mut place = Place::without_server("");
    clock.start(&mut place, "jeton-data", &[]);
    place.declare();
    place
}

fn revoke(place: &Place, key: &str) {
    place.said(&["revoke", "-", "--yes"], key);
}

#[test]
fn what_is_backed_up_after_a_start_in_another_year_is_what_a_restore_begins_with() {
    let Some(clock) = WrongClock::new() else { return };
    let mut place = on(&clock);
    let (kept, early, late) = (place.key(), place.key(), place.key());
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let before = place.snapshots();
    // A year ahead, the last snapshot is too old, and older than it is kept.
    clock.shift(YEAR);
    clock.start(&mut place, "jeton-data", &[]);
    while place.snapshots() == before {}
    revoke(&place, &early);
    place.wait_until_shipped();
    place.end(Signal::TERM);
    assert_eq!(place.snapshots(), before + 1, "nothing leaves by a clock that is doubted");
    // Somebody sets it right, and says so.
    clock.shift(0);
    clock.start(&mut place, "jeton-data", &["--accept-clock"]);
    while place.snapshots() < before + 2 {}
    revoke(&place, &late);
    place.wait_until_shipped();
    assert!(place.json(&["backup", "verify"])["problems"].as_array().unwrap().is_empty());
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    let standings = [&kept, &early, &late].map(|key| place.standing("restored", key));
    assert_eq!(standings, ["valid", "revoked", "revoked"]);
}

#[test]
fn a_clock_that_leaps_while_backups_are_made_costs_none_of_them() {
    let Some(clock) = WrongClock::new() else { return };
    let mut place = on(&clock);
    let keys: Vec<String> = (0..6).map(|_| place.key()).collect();
    place.wait_until_shipped();
    for (shift, key) in [YEAR, 0, -YEAR, 0, 40 * DAY].into_iter().zip(&keys) {
        clock.shift(shift);
        let before = place.snapshots();
        place.done(&["backup", "create"]);
        // By a clock that leapt, one may be due by schedule as well.
        assert!(place.snapshots() > before, "{shift}: one more, and none left");
        // What takes away is taken by any clock.
        revoke(&place, key);
    }
    clock.shift(0);
    place.wait_until_shipped();
    assert!(place.json(&["backup", "verify"])["problems"].as_array().unwrap().is_empty());
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    clock.start(&mut place, "restored", &["--accept-clock"]);
    for key in &keys[..5] {
        assert_eq!(place.standing("restored", key), "revoked");
    }
    assert_eq!(place.standing("restored", &keys[5]), "valid");
}

#[test]
fn a_drill_that_is_overdue_is_told_and_lowers_the_grade_until_one_passes() {
    let Some(clock) = WrongClock::new() else { return };
    let mut place = on(&clock);
    place.done(&["backup", "create"]);
    place.done(&["backup", "drill"]);
    assert_eq!(examined(&place, "recovery.drill").0, "passed");
    place.end(Signal::TERM);
    // Nine days later; snapshots cannot be read, so that there is nothing to drill with.
    clock.shift(9 * DAY);
    let (snapshots, away) = (place.path("jeton-data.backups/snapshots"), place.path("away"));
    fs::rename(&snapshots, &away).unwrap();
    fs::write(&snapshots, "in the way").unwrap();
    clock.start(&mut place, "jeton-data", &[]);
    place.hears("a drill is overdue");
    while told(&place, "backup.drill_failed").is_empty() {}
    let entry = told(&place, "backup.drill_failed").pop().unwrap();
    assert!(entry["data"]["why"].as_str().unwrap().contains("no drill passed for longer than"), "{entry}");
    assert_eq!(examined(&place, "recovery.drill"), ("failed".to_owned(), "D".into()));
    fs::remove_file(&snapshots).unwrap();
    fs::rename(&away, &snapshots).unwrap();
    place.done(&["backup", "create"]);
    place.done(&["backup", "drill"]);
    assert_eq!(examined(&place, "recovery.drill").0, "passed");
    assert_eq!(told(&place, "backup.drill_failed").len(), 1, "it is told once");
}
