//! What a drill compares: a store that was made of a backup is what the live one was, however it went on, and what is not so is named.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_backup::drill::compare::{Compared, Comparison, root_at};
use jeton_backup::drill::usage;
use jeton_backup::failure::Failure;
use jeton_backup::identity::Identity;
use jeton_backup::names::SnapshotId;
use jeton_backup::restore::Restore;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::Target;
use jeton_backup::usage_sum::Sum;
use jeton_core::commit::Write;
use jeton_core::record::Value;
use jeton_core::usage::bucket::{self, Bucket};
use jeton_core::usage::progress::{self, Progress};
use jeton_core::usage::{Cell, Outcome, Subject};
use jeton_store::conformance::{CLIENTS, NEGATIVES, SCHEMA};
use jeton_store::line::RowLine;
use jeton_store::load::Load as _;
use jeton_store::memory::{MemoryLoader, MemoryStore};
use jeton_store::store::{Fault, Group, Store, Subscriber};

use crate::stage::{Busy, NOW, keys};

pub(crate) struct Nobody;

impl Subscriber for Nobody {
    fn applied(&self, _: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, _: &Fault) {}
}

/// A store, and what its backup brings, before anybody changes that.
async fn restored(busy: &Arc<Busy>) -> MemoryLoader {
    let folder = tempfile::tempdir().unwrap();
    let (sealing, opening) = keys(&Identity::generate());
    let target = Target::folder(folder.path()).unwrap();
    let store: Arc<dyn Store> = busy.clone();
    let mut shipper = Shipper::begin(store.clone(), &SCHEMA, target.clone(), sealing.clone(), busy.unshipped.clone(), false).await.unwrap();
    busy.live(60);
    let id = SnapshotId::new(busy.now(), [1; 4]);
    let snapshot =
        Snapshot { store, schema: &SCHEMA, target: &target, sealing: &sealing, id, beside: Beside::default(), progress: &|_| {} };
    let manifest = snapshot.make(busy.now(), || busy.now()).await.unwrap();
    busy.live(30);
    shipper.ship(Mode { sync: false, is_final: false }).await.unwrap();
    let mut loader = MemoryLoader::begin(&SCHEMA);
    let restore = Restore { target: &target, opening: &opening, schema: &SCHEMA, until: None, incarnation: None, progress: &|_| {} };
    let found = restore.run(&mut loader).await.unwrap();
    assert_eq!(found.manifest, manifest);
    loader
}

fn finish(loader: MemoryLoader) -> Arc<MemoryStore> {
    loader.finish([9; 16], [8; 32], Arc::new(Nobody))
}

fn compare(restored: &dyn Store, live: Option<&dyn Store>) -> Result<Compared, Failure> {
    Comparison { restored, live, schema: &SCHEMA, passed_over: &[], now_seconds: NOW, progress: &|_| {} }.run()
}

#[tokio::test]
async fn a_store_that_goes_on_while_it_is_compared_is_the_same_as_far_as_the_backup_goes() {
    for seed in 0..20 {
        let busy = Busy::new(seed, 5);
        let made = finish(restored(&busy).await);
        busy.live(60);
        let compared = compare(&*made, Some(&*busy)).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
        let (rows, same) = (compared.rows, compared.same.unwrap());
        assert!(same > 0 && same < rows, "seed {seed}: of {rows} rows {same} are the same, and it went on");
        assert_eq!(compared.entries, made.head().size);
        // Whoever compares with nothing finds the same digest.
        let alone = compare(&*made, None).unwrap();
        assert_eq!((alone.digest, alone.root, alone.rows, alone.same), (compared.digest, compared.root, rows, None));
    }
}

#[tokio::test]
async fn what_is_not_as_it_must_be_is_named() {
    let busy = Busy::new(3, 0);
    let row_of = |table| {
        let rows = busy.store.view().unwrap().walk(table, None, None, 1).unwrap();
        rows.into_iter().next().unwrap()
    };
    // A row that is another, one that is not there, one that nobody deleted, and one of an older version.
    type Change = fn(&mut MemoryLoader, &RowLine);
    let wrong: [(&str, Change, &str); 4] = [
        ("changed", |loader, line| change(loader, line, |row| row[1] = Value::text("another")), "is not what it is in the live store"),
        ("missing", |loader, line| loader.delete(line.table, &line.key(), u64::MAX).unwrap(), "is missing"),
        ("more", |loader, line| change(loader, line, |row| row[0] = Value::text("c99")), "was restored that is gone: c99"),
        (
            "older",
            |loader, line| loader.put(&[RowLine { version: line.version + 1, ..line.clone() }]).unwrap(),
            "is not what it is in the live store",
        ),
    ];
    let before = restored(&busy).await;
    drop(before);
    for (what, change, expected) in wrong {
        let mut loader = restored(&busy).await;
        let row = row_of(&CLIENTS);
        change(&mut loader, &RowLine { table: &CLIENTS, version: row.version, row: row.record });
        let failure = compare(&*finish(loader), Some(&*busy.store)).unwrap_err().to_string();
        assert!(failure.contains("`client`") && failure.contains(expected), "{what}: {failure}");
    }
}

fn change(loader: &mut MemoryLoader, line: &RowLine, change: impl FnOnce(&mut Vec<Value>)) {
    let mut changed = line.clone();
    change(&mut changed.row);
    loader.put(&[changed]).unwrap();
}

#[tokio::test]
async fn a_revocation_that_is_not_there_is_named() {
    let busy = Busy::new(5, 0);
    let made = restored(&busy).await;
    let mut lacking = MemoryLoader::begin(&SCHEMA);
    lacking.append(&busy.store.tail(0, usize::MAX).unwrap()).unwrap();
    let mut left_out = 0;
    for table in jeton_backup::snapshot::tables(&SCHEMA) {
        made.scan(table, &mut |row| {
            let is_left_out = std::ptr::eq(table, &NEGATIVES) && left_out == 0;
            left_out += u64::from(is_left_out);
            if !is_left_out {
                lacking.put(&[RowLine { table, version: row.version, row: row.record.clone() }]).unwrap();
            }
            true
        })
        .unwrap();
    }
    assert_eq!(left_out, 1);
    let failure = compare(&*finish(lacking), Some(&*busy.store)).unwrap_err().to_string();
    assert!(failure.contains(NEGATIVES.name) && failure.contains("is missing"), "{failure}");
}

#[tokio::test]
async fn entries_that_the_ledger_does_not_begin_with_are_found() {
    let (busy, other) = (Busy::new(1, 0), Busy::new(2, 0));
    let made = finish(restored(&busy).await);
    other.live(200);
    let failure = compare(&*made, Some(&*other.store)).unwrap_err().to_string();
    assert!(failure.contains("are not those that the ledger begins with"), "{failure}");
    assert_eq!(root_at(&*made, made.head().size, &|_| {}).unwrap(), Some(made.head().frontier.root()));
    assert_eq!(root_at(&*made, made.head().size + 1, &|_| {}).unwrap(), None);
}

#[tokio::test]
async fn usage_that_does_not_add_up_is_named() {
    let busy = Busy::new(1, 0);
    busy.pace.store(0, Ordering::Relaxed);
    let made = finish(restored(&busy).await);
    let mut manifest: jeton_backup::manifest::Manifest = serde_json::from_value(serde_json::json!({
        "snapshot": "s", "program": "0", "began_at_seconds": 0, "ended_at_seconds": 0, "from": 0,
        "head": {"size": 0, "time": 0, "incarnation": "", "root": ""}, "parts": [], "rows": {},
    }))
    .unwrap();
    usage::compare(&*made, &SCHEMA, &manifest).unwrap();
    manifest.usage.insert("usage_day".into(), Sum { rows: 1, sum: 7 });
    let failure = usage::compare(&*made, &SCHEMA, &manifest).unwrap_err().to_string();
    assert!(failure.contains("`usage_day` has 0 rows that add up to 0, and had 1 and 7"), "{failure}");
}

/// A store that counted so much in an hour, up to this minute.
fn counted(minute: i64, hour: i64, uses: &[(i64, u64)]) -> Arc<MemoryStore> {
    let store = MemoryStore::new(&jeton_store::schema::SCHEMA, [3; 32], Arc::new(Nobody));
    let cell = Cell { subject: Subject::All, api: None, outcome: Outcome::Issued };
    let of = |start: i64, count: u64| Bucket { start, cell: cell.clone(), count, through: start + 60 };
    let put = |table, row| Write::Put { table, row };
    let mut writes: Vec<Write> = uses.iter().map(|(start, count)| put(&bucket::MINUTE, of(*start, *count).row())).collect();
    writes.push(put(&bucket::HOUR, of(hour, uses.iter().map(|(_, count)| count).sum()).row()));
    writes.push(put(&progress::TABLE, Progress { minute, ..Progress::default() }.row()));
    let (reply, mut answer) = tokio::sync::oneshot::channel();
    store.note(writes.into(), reply);
    answer.try_recv().unwrap().unwrap();
    store
}

#[test]
fn usage_that_the_live_store_counted_otherwise_is_named() {
    let hour = NOW.div_euclid(3_600) * 3_600;
    let restored = counted(hour + 120, hour, &[(hour, 5), (hour + 60, 7)]);
    let check = |minute: i64, uses: &[(i64, u64)], now: i64, expected: Result<u64, &str>| {
        let found = usage::compare_with_live(&*restored, &*counted(minute, hour, uses), now).map_err(|failure| failure.to_string());
        match expected {
            Ok(rows) => assert_eq!(found, Ok(rows), "{uses:?}"),
            Err(words) => assert!(found.as_ref().is_err_and(|failure| failure.contains(words)), "{uses:?}: {found:?}"),
        }
    };
    check(hour + 120, &[(hour, 5), (hour + 60, 7)], NOW, Ok(2));
    // It went on: its hour is not over.
    check(hour + 240, &[(hour, 5), (hour + 60, 7), (hour + 120, 9)], NOW, Ok(2));
    check(hour + 240, &[(hour, 5)], NOW, Err("`usage_minute` has 2 rows that add up to"));
    check(hour + 240, &[(hour, 5), (hour + 60, 8)], NOW, Err("`usage_minute`"));
    check(hour + 240, &[(hour - 60, 1), (hour, 5), (hour + 60, 7)], NOW, Err("`usage_minute`"));
    // What leaves within the hour may have left there.
    check(hour + 240, &[], hour + 90_000, Ok(0));
    let next = counted(hour + 3_600, hour, &[(hour, 5)]);
    let failure = usage::compare_with_live(&*next, &*counted(hour + 3_600, hour - 3_600, &[(hour, 5)]), NOW).unwrap_err().to_string();
    assert!(failure.contains("`usage_hour`"), "{failure}");
    assert_eq!(
        usage::compare_with_live(&*MemoryStore::new(&jeton_store::schema::SCHEMA, [3; 32], Arc::new(Nobody)), &*next, NOW).unwrap(),
        0
    );
}
