//! What was deleted or replaced, looked for in the bytes of the files: a row leaves copies where a page was divided.

use std::path::Path;
use std::sync::Arc;

use jeton_core::commit::{Commit, Told};
use jeton_core::moment::Time;
use jeton_core::record::Value;
use jeton_store::conformance::{CLIENTS, GRANTS};
use jeton_store::store::Store;
use jeton_store_sqlite::{CheckOptions, SqliteStore, check_folder};

use crate::stage::{Maker, NOW, contents, open, options, submit};

const FORGOTTEN: &str = "somebody who asked to be forgotten";

/// In which files it lies.
fn lies_in(folder: &Path, what: &[u8]) -> Vec<String> {
    let files = contents(folder).into_iter().filter(|(_, bytes)| bytes.windows(what.len()).any(|bytes| bytes == what));
    files.map(|(name, _)| name).collect()
}

/// A client whose row is as long as several pages where `number` says so.
fn client(maker: &mut Maker, number: u32, name: &str) -> Commit {
    let name = format!("{name} {number} {}", "and more ".repeat(if number.is_multiple_of(40) { 2_000 } else { 20 }));
    let id = Value::text(&format!("c{:08x}", number.wrapping_mul(0x9e37_79b9)));
    let row = vec![id, Value::text(&name), Value::Null, Value::Int(i64::from(number))];
    maker.client(number).with(Commit::new(&mut maker.0).put(&CLIENTS, row))
}

fn clients(store: &SqliteStore, maker: &mut Maker, numbers: impl Iterator<Item = u32>, name: &str) {
    for number in numbers {
        assert!(submit(store, [client(maker, number, name)]).iter().all(Result::is_ok));
    }
}

/// Forgets every row that names them, and what all entries say.
fn forget(store: &SqliteStore, maker: &mut Maker) -> Vec<[u8; 16]> {
    let mut keys = Vec::new();
    let view = store.view().unwrap();
    view.scan(&CLIENTS, &mut |row| {
        let is_theirs = row.record.get(1).and_then(Value::as_text).is_some_and(|name| name.contains(FORGOTTEN));
        keys.extend(is_theirs.then(|| row.record.get(..1).unwrap().to_vec()));
        true
    })
    .unwrap();
    drop(view);
    let entries = store.tail(0, usize::MAX).unwrap();
    let told = |sequence, time: Time| Told { sequence, time };
    let mut commits: Vec<_> = keys.into_iter().map(|key| Commit::new(&mut maker.0).delete(&CLIENTS, key)).collect();
    let erases = entries.iter().filter(|entry| entry.content.is_some()).map(|entry| told(entry.sequence, entry.time)).collect();
    commits.push(Commit { erases, ..maker.client(1_000_000) });
    assert!(submit(store, commits).iter().all(Result::is_ok));
    entries.iter().filter_map(|entry| entry.content.as_ref().map(|content| content.salt)).collect()
}

#[track_caller]
fn is_whole(folder: &Path) {
    let mut check = CheckOptions { now: Time::from_seconds(NOW + 4 * 86_400), checkpoints: &[], progress: &mut |_| {} };
    assert_eq!(check_folder(&options(folder, 1), &mut check).unwrap().findings, Vec::<String>::new());
}

#[test]
fn what_was_deleted_is_in_no_file_once_it_was_wiped_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut maker = Maker::new(2);
    clients(&store, &mut maker, 0..300, "somebody");
    clients(&store, &mut maker, 300..700, FORGOTTEN);
    clients(&store, &mut maker, 700..1_000, "somebody");
    // Their changes leave with their slices, and leave free pages behind.
    store.drop_expired(Time::from_seconds(NOW + 4 * 86_400)).unwrap();
    let salts = forget(&store, &mut maker);
    assert!(!lies_in(folder.path(), FORGOTTEN.as_bytes()).is_empty(), "what is looked for is to be found before");
    store.wipe_deleted().unwrap();
    assert_eq!(lies_in(folder.path(), FORGOTTEN.as_bytes()), Vec::<String>::new());
    for salt in salts.iter().step_by(50) {
        assert_eq!(lies_in(folder.path(), salt), Vec::<String>::new());
    }
    clients(&store, &mut maker, 2_000..2_100, "somebody");
    drop(store);
    assert_eq!(lies_in(folder.path(), FORGOTTEN.as_bytes()), Vec::<String>::new());
    is_whole(folder.path());
    clients(&open(folder.path()), &mut maker, 3_000..3_100, "somebody");
    is_whole(folder.path());
}

#[test]
fn groups_go_on_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut maker = Maker::new(2);
    clients(&store, &mut maker, 0..600, FORGOTTEN);
    store.drop_expired(Time::from_seconds(NOW + 4 * 86_400)).unwrap();
    forget(&store, &mut maker);
    let wiping = {
        let store = Arc::clone(&store);
        std::thread::spawn(move || store.wipe_deleted())
    };
    for number in 1_000.. {
        clients(&store, &mut maker, number..=number, "somebody");
        if wiping.is_finished() {
            break;
        }
    }
    wiping.join().unwrap().unwrap();
    assert_eq!(lies_in(folder.path(), FORGOTTEN.as_bytes()), Vec::<String>::new());
    drop(store);
    is_whole(folder.path());
}

#[test]
fn who_reads_on_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut maker = Maker::new(2);
    clients(&store, &mut maker, 0..50, FORGOTTEN);
    store.drop_expired(Time::from_seconds(NOW + 4 * 86_400)).unwrap();
    forget(&store, &mut maker);
    std::thread::scope(|scope| {
        let view = store.view().unwrap();
        view.get(&GRANTS, &vec![Value::text("c1"), Value::Int(1)]).unwrap();
        let wiping = scope.spawn(|| store.wipe_deleted());
        clients(&store, &mut maker, 100..110, "somebody");
        assert!(!wiping.is_finished(), "the log is read");
        drop(view);
        wiping.join().unwrap().unwrap();
    });
    assert_eq!(lies_in(folder.path(), FORGOTTEN.as_bytes()), Vec::<String>::new());
}
