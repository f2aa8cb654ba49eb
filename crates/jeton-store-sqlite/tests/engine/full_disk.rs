//! A full disk: what takes authority away goes on, nothing else does, and all is well again once there is room.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, iter};

use jeton_core::id::CredentialId;
use jeton_core::record::Value;
use jeton_store::conformance::TOKENS;
use jeton_store::store::{CommitError, FaultKind, Store, Taken};
use jeton_store_sqlite::{Options, SqliteStore};

use crate::stage::{Ear, Maker, note, options, submit};

const DISK: &str = "JETON_SMALL_DISK";
const RESERVE_BYTES: u64 = 36 << 20;

/// Where the test below says that it began, and that it was played to its end: beside its disk, which only its own process sees.
const BEGAN: &str = "began";
const PLAYED: &str = "played";

/// Plays the test below on a small disk of its own: a file system in memory, mounted where only that process sees it.
#[test]
fn on_a_full_disk_revocation_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=160m tmpfs \"$0\" || exit 77; exec \"$@\"";
    let this = env::current_exe().unwrap();
    let mut small = Command::new("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&disk).arg(this);
    small.args(["--exact", "full_disk::on_the_small_disk", "--nocapture", "--include-ignored"]).env(DISK, &disk);
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
#[ignore = "played by the test above, on its disk"]
fn on_the_small_disk() {
    let disk = env::var_os(DISK).map(PathBuf::from).expect("the test above says where its disk is");
    let beside = disk.parent().unwrap();
    fs::write(beside.join(BEGAN), "").unwrap();
    let data = disk.join("data");
    let ballast = fill_disk(&disk, 70 << 20);
    let ear = Arc::new(Ear::default());
    let options = Options { log_bytes: 4 << 20, reserve_bytes: RESERVE_BYTES, ..options(&data, 1) };
    let store = SqliteStore::open(options.clone(), Arc::clone(&ear) as Arc<_>).unwrap();
    let mut maker = Maker::new(5);
    let mut ids = Vec::new();
    let mut rest = None;
    for turn in 0.. {
        // The disk fills up while tokens are issued.
        if turn == 20 {
            rest = Some(fill_disk(&disk, u64::MAX));
        }
        let issues: Vec<_> = (0..200).map(|_| maker.issue()).collect();
        let answers = submit(&*store, issues.iter().map(|(_, commit)| commit.clone()));
        ids.extend(issues.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|((id, _), _)| *id));
        if answers.iter().any(Result::is_err) {
            assert!(answers.iter().all(|answer| *answer == Err(CommitError::Full)), "{:?}", answers.first());
            break;
        }
        assert!(turn < 10_000, "the disk never fills up");
    }
    println!("full after {} tokens", ids.len());
    assert!(store.statistics().is_full);
    assert_eq!(note(&*store, 1_700_000_000).unwrap_err().kind, FaultKind::Full, "usage leaves the reserve alone");
    for turn in 0..300 {
        let revocations: Vec<_> = ids.iter().cycle().skip(turn * 40).take(40).map(|id| maker.revoke(*id)).collect();
        let refused = maker.issue().1;
        let answers = submit(&*store, revocations.into_iter().chain([refused]));
        let (last, made) = answers.split_last().unwrap();
        assert!(made.iter().all(Result::is_ok), "turn {turn}: {:?}", made.iter().find(|answer| answer.is_err()));
        assert_eq!(*last, Err(CommitError::Full), "turn {turn}");
    }
    marks_are_set_within_bounds(&*store, &mut maker, ids[0]);
    let view = store.view().unwrap();
    assert!(ids.iter().step_by(50).all(|id| view.get(&TOKENS, &vec![Value::Id(id.0)]).unwrap().is_some()));
    drop(view);
    drop(store);
    // It also starts on the full disk, and makes only what narrows.
    let store = SqliteStore::open(options, Arc::clone(&ear) as Arc<_>).unwrap();
    let again = [maker.revoke(ids[0]), maker.issue().1];
    assert_eq!(submit(&*store, again)[1], Err(CommitError::Full));
    drop((ballast, rest));
    for file in fs::read_dir(&disk).unwrap().map(Result::unwrap).filter(|file| file.file_name().to_string_lossy().starts_with("ballast")) {
        fs::remove_file(file.path()).unwrap();
    }
    let after: Vec<_> = iter::repeat_with(|| maker.issue().1).take(50).collect();
    assert!(submit(&*store, after).iter().all(Result::is_ok));
    note(&*store, 1_700_000_000).unwrap();
    assert!(data.join("jeton.reserve").exists() && ear.lost.lock().unwrap().is_empty());
    drop(store);
    fs::write(beside.join(PLAYED), "").unwrap();
}

/// Who proves itself by an assertion can still ask and revoke; but marks do not take the space that revocations need.
fn marks_are_set_within_bounds(store: &dyn Store, maker: &mut Maker, token: CredentialId) {
    let mark = maker.mark();
    assert!(submit(store, [mark.clone()])[0].is_ok());
    // One captured assertion, sent again and again, takes no room: more often than there are marks in the reserve.
    for _ in 0..RESERVE_BYTES / 4 / 128 / 256 + 1 {
        let replays = vec![mark.clone(); 256];
        let taken = Err(CommitError::Taken(Taken::Mark));
        assert!(submit(store, replays).iter().all(|answer| *answer == taken), "an assertion still counts once");
    }
    let mut refused = maker.issue().1;
    refused.marks = maker.mark().marks;
    assert_eq!(submit(store, [refused]), [Err(CommitError::Full)], "a mark makes no room for what gives authority");
    let set = (0..2_000).take_while(|_| {
        let marks: Vec<_> = iter::repeat_with(|| maker.mark()).take(256).collect();
        let answers = submit(store, marks);
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(CommitError::Full))), "{answers:?}");
        answers.iter().all(Result::is_ok)
    });
    let set = set.count();
    println!("{set} times 256 marks were set");
    assert!((10..2_000).contains(&set), "{set}");
    for _ in 0..100 {
        let mut revocations: Vec<_> = iter::repeat_with(|| maker.revoke(token)).take(40).collect();
        revocations[0].marks = maker.mark().marks;
        let refused = submit(store, revocations).into_iter().find(Result::is_err);
        assert_eq!(refused, None, "there is room left for what takes authority away");
    }
}

/// Takes so many bytes of the disk, or all there are.
fn fill_disk(disk: &Path, bytes: u64) -> File {
    let mut file = File::create(disk.join(format!("ballast{bytes}"))).unwrap();
    let zeros = vec![0; 1 << 16];
    let mut left = bytes;
    while left > 0 && file.write_all(&zeros).is_ok() {
        left = left.saturating_sub(zeros.len() as u64);
    }
    file
}
