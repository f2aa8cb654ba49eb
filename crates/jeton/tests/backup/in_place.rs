//! Where a folder is made of a backup: beside itself, or within itself where it is there already, by one process at a time.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::{env, iter};

use rustix::process::{Pid, Signal, WaitOptions, getuid, kill_process, waitpid};

use crate::place::Place;

const DISK: &str = "JETON_MOUNTED_FOLDER";
const BEGAN: &str = "began";
const PLAYED: &str = "played";

/// Whoever is nobody in particular.
const NOBODY: u32 = 65_534;

/// A place with backups and a key, whose server has ended in order.
fn ended() -> (Place, String) {
    let mut place = Place::with_server("");
    let key = place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    (place, key)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn is_made(place: &mut Place, data: &str, key: &str) {
    let names = names(&place.path(data));
    assert!(names.contains(&"jeton.db".to_owned()) && !names.contains(&".restoring".to_owned()), "{names:?}");
    place.start(data);
    assert_eq!(place.standing(data, key), "valid");
    place.end(Signal::TERM);
}

/// Plays the test below with a file system of its own, mounted where only its process and the children of that see it.
#[test]
fn a_folder_on_which_something_is_mounted_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o mode=0755 tmpfs \"$0\" || exit 77; exec \"$@\"";
    let mut mounted = Command::new("unshare");
    mounted.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&disk).arg(env::current_exe().unwrap());
    mounted.args(["--exact", "in_place::within_the_mount", "--nocapture", "--include-ignored"]).env(DISK, &disk);
    let result = mounted.status();
    let is_there = |name| folder.path().join(name).exists();
    match result {
        Ok(status) if status.success() => assert!(is_there(PLAYED), "the test of the mount has another name"),
        // Not through `println`, which a test that passes keeps to itself.
        Ok(status) if !is_there(BEGAN) && matches!(status.code(), Some(1 | 77)) => {
            writeln!(io::stderr(), "NOT PLAYED: a mount: this user may not mount a file system of its own ({status})").unwrap();
        }
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "played by the test above, with its mount"]
fn within_the_mount() {
    let disk = env::var_os(DISK).map(PathBuf::from).expect("the test above says where its mount is");
    let beside = disk.parent().unwrap();
    fs::write(beside.join(BEGAN), "").unwrap();
    // As a new disk has it.
    fs::create_dir(disk.join("lost+found")).unwrap();
    let (mut place, key) = ended();
    let data = disk.display().to_string();
    place.json(&place.restore(&data, &[]));
    assert_eq!(names(beside), [BEGAN, "disk"], "nothing is made beside a mount");
    is_made(&mut place, &data, &key);
    fs::write(beside.join(PLAYED), "").unwrap();
}

/// As a user for whom permissions count: this one, or nobody where this one is root. `None`: nobody cannot run the program.
fn as_somebody(place: &Place, words: &[&str]) -> Option<Command> {
    let mut command = place.command(words);
    if getuid().is_root() {
        let folders = [place.folder.path().to_owned(), place.path("jeton-data.backups")];
        let files = ["recovery.key", "jeton-data.root-key"].map(|name| place.path(name));
        let below = iter::successors(Some(vec![place.path("jeton-data.backups")]), |found| {
            let below: Vec<PathBuf> = found
                .iter()
                .filter(|path| path.is_dir())
                .flat_map(|path| fs::read_dir(path).unwrap())
                .map(|entry| entry.unwrap().path())
                .collect();
            Some(below).filter(|below| !below.is_empty())
        });
        for path in folders.into_iter().chain(files).chain(below.flatten()) {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
        let mut version = place.command(&["version"]);
        if !version.uid(NOBODY).gid(NOBODY).output().is_ok_and(|output| output.status.success()) {
            return None;
        }
    }
    Some(command)
}

#[test]
fn where_the_folder_above_is_closed_an_empty_one_is_filled_and_no_other_one_begun() {
    let (mut place, key) = ended();
    let closed = place.path("closed");
    fs::create_dir_all(closed.join("restored")).unwrap();
    let (there, absent) = (closed.join("restored").display().to_string(), closed.join("other").display().to_string());
    let (Some(mut fill), Some(mut begin)) =
        (as_somebody(&place, &place.restore(&there, &[])), as_somebody(&place, &place.restore(&absent, &[])))
    else {
        writeln!(io::stderr(), "NOT PLAYED: a closed folder: nobody but root may run the program here").unwrap();
        return;
    };
    if getuid().is_root() {
        chown(closed.join("restored"), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    let output = begin.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("cannot be written") && said.contains("as an empty folder"), "{said}");
    let output = fill.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(names(&closed), ["restored"]);
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).unwrap();
    if getuid().is_root() {
        // The server is of this user again.
        names(&closed.join("restored")).iter().for_each(|name| chown(closed.join("restored").join(name), Some(0), Some(0)).unwrap());
        for path in [closed.join("restored"), place.path("jeton-data.root-key")] {
            chown(path, Some(0), Some(0)).unwrap();
        }
    }
    is_made(&mut place, "closed/restored", &key);
    // What is there and closed is no place either.
    fs::create_dir(place.path("shut")).unwrap();
    fs::set_permissions(place.path("shut"), Permissions::from_mode(0o555)).unwrap();
    let shut = place.path("shut").display().to_string();
    let said = as_somebody(&place, &place.restore(&shut, &[])).unwrap().output().unwrap();
    assert!(String::from_utf8_lossy(&said.stderr).contains("give it to this user"), "{}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_folder_that_others_can_write_is_refused_before_anything_is_made() {
    let (place, _) = ended();
    fs::create_dir(place.path("open")).unwrap();
    fs::set_permissions(place.path("open"), Permissions::from_mode(0o777)).unwrap();
    place.fails(&place.restore("open", &[]), "chmod go-w");
    assert_eq!(names(&place.path("open")), Vec::<String>::new());
}

#[test]
fn a_folder_that_no_restore_made_is_left_as_it_is() {
    let (mut place, key) = ended();
    let theirs = place.path(".restored.restoring");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "the only copy").unwrap();
    place.fails(&place.restore("restored", &[]), "no restore made it");
    assert_eq!(fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "the only copy");
    assert!(!place.path("restored").exists());
    // The same within a folder that is there, and a file of that name.
    fs::create_dir_all(place.path("there/.restoring")).unwrap();
    fs::write(place.path("there/.restoring/thesis.txt"), "another").unwrap();
    place.fails(&place.restore("there", &[]), "no restore made it");
    assert_eq!(names(&place.path("there/.restoring")), ["thesis.txt"]);
    place.write(".third.restoring", "a file");
    place.fails(&place.restore("third", &[]), "no restore made it");
    assert_eq!(fs::read_to_string(place.path(".third.restoring")).unwrap(), "a file");
    // An empty one is in nobody's way.
    fs::remove_file(theirs.join("thesis.txt")).unwrap();
    place.json(&place.restore("restored", &[]));
    is_made(&mut place, "restored", &key);
}

/// A restore, or a drill, that has come to where this file is and does not go on. Where it was quicker, what it made is taken away again.
pub(crate) fn stopped(place: &Place, words: &[&str], file: &Path, again: &dyn Fn()) -> Child {
    for _ in 0..100 {
        let mut child = place.begin(words);
        let pid = Pid::from_child(&child);
        while !is_there(file) && child.try_wait().unwrap().is_none() {}
        // It may have ended by now.
        if kill_process(pid, Signal::STOP).is_ok()
            && waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().is_some_and(|(_, status)| status.stopped())
        {
            if is_there(file) {
                return child;
            }
            kill_process(pid, Signal::CONT).unwrap();
        }
        let _ = child.wait();
        again();
    }
    panic!("nothing was caught with {}", file.display());
}

/// Whether a file is there; one that is locked is there once it is: it is made before.
fn is_there(file: &Path) -> bool {
    let Ok(metadata) = fs::metadata(file) else { return false };
    let inode = format!(":{} ", metadata.ino());
    file.extension().is_none_or(|extension| extension != "lock")
        || fs::read_to_string("/proc/locks").unwrap().lines().any(|line| line.contains(&inode))
}

/// Ends it by a signal, in order.
pub(crate) fn ends(mut child: Child, signal: Signal) {
    let pid = Pid::from_child(&child);
    kill_process(pid, signal).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "it was caught before its end, and says what became of it");
}

/// Takes away what a restore made, of the folder too where that was not there before.
fn empties(place: &Place, data: &str, is_within: bool) {
    for entry in fs::read_dir(place.path(data)).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    if !is_within {
        fs::remove_dir(place.path(data)).unwrap();
    }
}

#[test]
fn a_restore_that_is_ended_in_the_middle_leaves_nothing() {
    let (mut place, key) = ended();
    fs::create_dir(place.path("there")).unwrap();
    for (data, folder) in [("restored", ".restored.restoring"), ("there", "there/.restoring")] {
        let is_within = folder.starts_with(data);
        let (words, again) = (place.restore(data, &[]), || empties(&place, data, is_within));
        let made = place.path(folder).join("made/jeton.db.new");
        for signal in [Signal::INT, Signal::TERM] {
            ends(stopped(&place, &words, &made, &again), signal);
            assert!(!place.path(folder).exists(), "{signal:?}");
            assert_eq!(place.path(data).exists(), is_within, "{signal:?}");
        }
        // What was killed lies there in the clear until the next one takes it away.
        let mut killed = stopped(&place, &words, &made, &again);
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert!(made.exists());
        place.json(&words);
        assert!(!place.path(folder).exists());
    }
    for data in ["restored", "there"] {
        is_made(&mut place, data, &key);
    }
}

#[test]
fn nothing_is_restored_among_the_backups() {
    let (place, _) = ended();
    let before = names(&place.path("jeton-data.backups"));
    std::os::unix::fs::symlink("jeton-data.backups", place.path("link")).unwrap();
    for data in ["jeton-data.backups/restored", "jeton-data.backups", "link/restored"] {
        place.fails(&place.restore(data, &[]), "in the clear");
        assert_eq!(names(&place.path("jeton-data.backups")), before, "{data}");
    }
    // One whose name begins like theirs is another.
    place.json(&place.restore("jeton-data.backups-restored", &[]));
}

#[test]
fn of_two_restores_into_one_folder_the_second_says_so_and_ends() {
    for (data, folder) in [("restored", ".restored.restoring"), ("there", "there/.restoring")] {
        // Of its own: one that was served tells the target, and no later restore of that is complete.
        let (mut place, key) = ended();
        fs::create_dir(place.path("there")).unwrap();
        let lock = place.path(folder).join("jeton-restore.lock");
        let is_within = folder.starts_with(data);
        let mut first = stopped(&place, &place.restore(data, &[]), &lock, &|| empties(&place, data, is_within));
        let before = fs::metadata(&lock).unwrap().ino();
        place.fails(&place.restore(data, &[]), "another restore");
        assert_eq!(fs::metadata(&lock).unwrap().ino(), before, "what the first makes is left to it");
        kill_process(Pid::from_child(&first), Signal::CONT).unwrap();
        assert!(first.wait().unwrap().success(), "the first goes on");
        is_made(&mut place, data, &key);
        assert!(!place.path(folder).exists());
        place.fails(&place.restore(data, &[]), "is not empty");
    }
}
