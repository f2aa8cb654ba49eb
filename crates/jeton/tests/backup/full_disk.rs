//! A disk that is full where a store is to be made of a backup: it is told, and nothing is left.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::{env, iter};

use crate::drill::{examined, told};
use crate::place::Place;

const DISK: &str = "JETON_SMALL_DISK";

/// Where the test below says that it began, and that it was played to its end: beside its disk, which only its own process sees.
const BEGAN: &str = "began";
const PLAYED: &str = "played";

/// Plays the test below with a small disk of its own: a file system in memory, mounted where only that process and its children see it.
#[test]
fn what_is_made_of_a_backup_on_a_full_disk_is_told_of_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=220m tmpfs \"$0\" || exit 77; exec \"$@\"";
    let mut small = Command::new("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&disk).arg(env::current_exe().unwrap());
    small.args(["--exact", "full_disk::with_the_small_disk", "--nocapture", "--include-ignored"]).env(DISK, &disk);
    let result = small.status();
    let is_there = |name| folder.path().join(name).exists();
    match result {
        Ok(status) if status.success() => assert!(is_there(PLAYED), "the test of the small disk has another name"),
        // Not through `println`, which a test that passes keeps to itself.
        Ok(status) if !is_there(BEGAN) && matches!(status.code(), Some(1 | 77)) => {
            let told = writeln!(io::stderr(), "NOT PLAYED: a full disk: this user may not mount a file system of its own ({status})");
            told.unwrap();
        }
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "played by the test above, with its disk"]
fn with_the_small_disk() {
    let disk = env::var_os(DISK).map(PathBuf::from).expect("the test above says where its disk is");
    let beside = disk.parent().unwrap();
    fs::write(beside.join(BEGAN), "").unwrap();
    let place = Place::with_server("");
    place.key();
    place.done(&["backup", "create"]);
    place.wait_until_shipped();
    // A drill, and a restore, by whoever has the recovery identity, where there is next to no room.
    let ballast = disk.join("ballast");
    fill(&ballast);
    let absolute = |name: &str| place.path(name).display().to_string();
    let (from, identity, root) = (absolute("jeton-data.backups"), absolute("recovery.key"), absolute("jeton-data.root-key"));
    let of_backup = ["--from", &from, "--identity", &identity, "--root-key-file", &root];
    let data = disk.join("restored").display().to_string();
    for words in [[&["backup", "restore", "--data", &data][..], &of_backup].concat(), [&["backup", "drill"][..], &of_backup].concat()] {
        let output = place.command(&words).current_dir(&disk).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && (said.contains("full") || said.contains("No space left")), "{words:?}: {said}");
        assert_eq!(names(&disk), ["ballast"], "{words:?}");
    }
    // With room both work.
    fs::remove_file(&ballast).unwrap();
    let drilled = place.command(&[&["backup", "drill"][..], &of_backup].concat()).current_dir(&disk).output().unwrap();
    assert!(drilled.status.success(), "{}", String::from_utf8_lossy(&drilled.stderr));
    place.done(&[&["backup", "restore", "--data", &data][..], &of_backup].concat());
    fs::remove_dir_all(&data).unwrap();
    a_server_with_no_room_for_a_drill(&disk);
    fs::write(beside.join(PLAYED), "").unwrap();
}

/// Its data is on the small disk: a drill would take the room that revocations are written to.
fn a_server_with_no_room_for_a_drill(disk: &std::path::Path) {
    let mut place = Place::without_server("");
    let (data, target) = (disk.join("data"), place.path("jeton-data.backups"));
    fs::create_dir_all(&target).unwrap();
    let moved = Command::new("cp").arg("-a").arg(place.path("jeton-data")).arg(&data).status().unwrap();
    assert!(moved.success());
    fs::remove_dir_all(place.path("jeton-data")).unwrap();
    std::os::unix::fs::symlink(&data, place.path("jeton-data")).unwrap();
    place.start("jeton-data");
    place.done(&["backup", "create"]);
    place.wait_until_shipped();
    for _ in 0..2 {
        place.fails(&["backup", "drill"], "a drill needs");
    }
    place.hears("the drill failed");
    let entries = told(&place, "backup.drill_failed");
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(examined(&place, "recovery.drill"), ("failed".to_owned(), "D".into()));
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Leaves 2 MiB of the disk.
fn fill(ballast: &PathBuf) {
    let mut file = fs::File::create(ballast).unwrap();
    let zeros = vec![0; 1 << 16];
    iter::repeat_with(|| file.write_all(&zeros)).take_while(Result::is_ok).for_each(drop);
    let length = file.metadata().unwrap().len();
    file.set_len(length - (2 << 20)).unwrap();
}
