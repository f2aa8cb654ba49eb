//! What a server looks at while it runs: whether the newest snapshot is still what it was, and whether what it began hangs.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::OFlags;
use rustix::process::Signal;

use crate::drill::{examined, told};
use crate::place::Place;

const TARGET: &str = "jeton-data.backups";

/// The folder of the newest snapshot.
fn newest(place: &Place) -> PathBuf {
    let listed = fs::read_dir(place.path(TARGET).join("snapshots")).unwrap().map(|entry| entry.unwrap().path());
    listed.filter(|path| path.join("manifest.age").exists()).max().unwrap()
}

/// Something happens on the target while nobody looks; a target that is there again is looked at.
fn meanwhile(place: &Place, happens: impl FnOnce()) {
    happens();
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    place.hears("the backup target is away");
    fs::rename(place.path("disk"), place.path(TARGET)).unwrap();
}

#[test]
fn snapshots_that_vanish_or_open_no_more_are_told_and_another_is_made_at_once() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    assert_eq!(examined(&place, "recovery.newest").0, "passed");
    // A rule of the bucket, or a hand.
    meanwhile(&place, || fs::remove_dir_all(place.path(TARGET).join("snapshots")).unwrap());
    place.hears("the newest snapshot is no more what it was");
    while place.snapshots() == 0 {}
    while examined(&place, "recovery.newest").0 != "passed" {}
    let why = |place: &Place| told(place, "backup.failed").pop().unwrap()["data"]["why"].as_str().unwrap().to_owned();
    assert!(told(&place, "backup.failed").len() == 1 && why(&place).contains("manifest.age is not there"), "{}", why(&place));
    // One that is cut off, and one whose manifest is not what was written.
    for (count, file, said) in [(2, "part-00001.age", "bytes of"), (3, "manifest.age", "manifest.age is damaged")] {
        let path = newest(&place).join(file);
        meanwhile(&place, || {
            let bytes = fs::read(&path).unwrap();
            let bytes =
                if file == "manifest.age" { bytes.iter().map(|byte| byte ^ 1).collect() } else { bytes[..bytes.len() / 2].to_vec() };
            fs::write(&path, bytes).unwrap();
        });
        place.hears("the newest snapshot is no more what it was");
        while told(&place, "backup.completed").len() < count + 1 {}
        assert!(why(&place).contains(said), "{}", why(&place));
        assert_eq!(told(&place, "backup.failed").len(), count);
    }
    // What is there is left as it is, and told of no more.
    meanwhile(&place, || {});
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    place.done(&["backup", "drill"]);
    assert_eq!(told(&place, "backup.failed").len(), 3);
    place.end(Signal::TERM);
    assert_eq!(place.json(&place.restore("restored", &[]))["is_complete"], true);
}

/// A disk of a network may never answer, and nobody can break off who waits for it.
#[test]
fn a_drill_that_hangs_stops_no_snapshot() {
    let place = Place::with_server("");
    place.wait_until_shipped();
    let begun = |place: &Place| fs::read_dir(place.path("jeton-data")).unwrap().any(|name| name.unwrap().file_name() == "jeton.drill");
    loop {
        let part = newest(&place).join("part-00001.age");
        fs::remove_file(&part).unwrap();
        assert!(Command::new("mkfifo").arg(&part).status().unwrap().success());
        let mut hanging = place.begin(&["backup", "drill"]);
        while !begun(&place) {}
        let before = place.snapshots();
        place.done(&["backup", "create"]);
        assert_eq!(place.snapshots(), before + 1);
        place.key();
        place.wait_until_shipped();
        // Whoever would write there finds somebody who reads, once it hangs there.
        let is_read = || OpenOptions::new().write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&part).is_ok();
        let ended = loop {
            if is_read() {
                break None;
            }
            if let Some(ended) = hanging.try_wait().unwrap() {
                break Some(ended);
            }
        };
        match ended {
            // It had begun with the one that was made meanwhile.
            Some(ended) => assert!(ended.success()),
            None => {
                assert!(!hanging.wait().unwrap().success());
                break;
            }
        }
    }
}
