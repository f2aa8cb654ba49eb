//! The disk of the target is full: it is told, and made up for once there is room.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, iter};

use rustix::process::Signal;

use crate::place::Place;

const DISK: &str = "JETON_SMALL_TARGET";

/// Where the test below says that it began, and that it was played to its end: beside its disk, which only its own process sees.
const BEGAN: &str = "began";
const PLAYED: &str = "played";

/// Plays the test below with a small disk of its own: a file system in memory, mounted where only that process and its children see it.
#[test]
fn a_full_target_is_told_of_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=8m tmpfs \"$0\" || exit 77; exec \"$@\"";
    let mut small = Command::new("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&disk).arg(env::current_exe().unwrap());
    small.args(["--exact", "full_target::with_the_small_target", "--nocapture", "--include-ignored"]).env(DISK, &disk);
    let result = small.status();
    let is_there = |name| folder.path().join(name).exists();
    match result {
        Ok(status) if status.success() => assert!(is_there(PLAYED), "the test of the small target has another name"),
        // Not through `println`, which a test that passes keeps to itself.
        Ok(status) if !is_there(BEGAN) && matches!(status.code(), Some(1 | 77)) => {
            let told = writeln!(io::stderr(), "NOT PLAYED: a full target: this user may not mount a file system of its own ({status})");
            told.unwrap();
        }
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "played by the test above, with its disk"]
fn with_the_small_target() {
    let disk = env::var_os(DISK).map(PathBuf::from).expect("the test above says where its disk is");
    let beside = disk.parent().unwrap();
    fs::write(beside.join(BEGAN), "").unwrap();
    let target = disk.join("backups").display().to_string();
    let mut place = Place::with_server(&format!("backup_target = \"{target}\""));
    let (kept, leaked) = (place.key(), place.key());
    place.wait_until_shipped();
    fill(&disk);
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.hears("the backup target is away");
    while !place.json(&["audit", "tail", "-n", "5"]).to_string().contains("backup.target_lost") {}
    assert_eq!(place.sample("jeton_backup_target_reachable"), 0.0);
    place.fails(&["backup", "create"], "No space left");
    fs::remove_file(disk.join("ballast")).unwrap();
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    // What the attempt left is gone with the next one.
    place.done(&["backup", "create"]);
    let verified = place.json(&["backup", "verify"]);
    assert_eq!(verified["problems"].as_array().unwrap().len(), 0, "{verified}");
    for snapshot in fs::read_dir(disk.join("backups/snapshots")).unwrap().map(|entry| entry.unwrap().path()) {
        let parts = fs::read_dir(&snapshot).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension() == Some("age".as_ref()));
        assert!(snapshot.join("manifest.age").exists() || parts.count() == 0, "{}", snapshot.display());
    }
    place.end(Signal::TERM);
    let words = place.restore("restored", &[]);
    let from_disk = [&words[..3], &[target.as_str()], &words[4..]].concat();
    assert_eq!(place.json(&from_disk)["is_complete"], true);
    place.start("restored");
    assert_eq!((place.standing("restored", &kept), place.standing("restored", &leaked)), ("valid".into(), "revoked".into()));
    fs::write(beside.join(PLAYED), "").unwrap();
}

/// Takes all there is of the disk.
fn fill(disk: &Path) {
    let mut ballast = File::create(disk.join("ballast")).unwrap();
    for bytes in [1 << 16, 1 << 9, 1] {
        let zeros = vec![0; bytes];
        iter::repeat_with(|| ballast.write_all(&zeros)).take_while(Result::is_ok).for_each(drop);
    }
}
