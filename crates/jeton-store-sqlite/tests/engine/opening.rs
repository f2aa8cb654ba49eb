//! What a data folder is opened as, or refused as; what is refused stays as it was.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::stage::{Ear, Maker, contents, fill, open, options, submit, try_open};
use jeton_core::commit::{Commit, Write};
use jeton_core::record::Value;
use jeton_store::conformance::{CLIENTS, TOKENS};
use jeton_store::store::{CommitError, FaultKind, Fetch, Store, Taken};
use jeton_store_sqlite::{OpenError, Options, SqliteStore, Unopened};
use tokio::sync::oneshot;

#[test]
fn everything_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let store = open(&data);
    let ids = fill(&*store, 5, 100);
    let (head, entries) = (store.head(), store.tail(0, 1_000).unwrap());
    drop(store);
    for _ in 0..3 {
        let store = open(&data);
        assert_eq!(store.head(), head);
        assert_eq!(store.tail(0, 1_000).unwrap(), entries);
        let view = store.view().unwrap();
        assert_eq!(view.as_of(), head.size);
        for id in &ids {
            assert!(view.get(&TOKENS, &vec![Value::Id(id.0)]).unwrap().is_some());
        }
        drop(view);
        // A name that is taken, and an id that was issued.
        let mut named = Maker::new(9).client(77);
        named.writes = Maker::new(2).client(1).writes;
        if let Some(Write::Put { row, .. }) = named.writes.first_mut() {
            row[0] = Value::text("another");
        }
        let row = vec![Value::Id(ids[9].0), Value::text("c2"), Value::Int(0)];
        let issued = Commit::new(&mut Maker::new(9).0).put(&TOKENS, row);
        let taken = |name| Err(CommitError::Taken(Taken::Name(name)));
        assert_eq!(submit(&*store, [named, issued]), [taken("client_by_name"), taken("token")]);
    }
}

#[test]
fn a_store_that_was_killed_has_all_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let ids = fill(&*store, 3, 200);
    let copy = tempfile::tempdir().unwrap();
    // What a kill leaves: the files as they are, with nothing closed.
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    fs::remove_file(copy.path().join("jeton.db-shm")).unwrap();
    let again = open(copy.path());
    assert_eq!(again.head(), store.head());
    let view = again.view().unwrap();
    assert!(ids.iter().all(|id| view.get(&TOKENS, &vec![Value::Id(id.0)]).unwrap().is_some()));
}

#[test]
fn look_ups_find_what_is_there_and_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let ids = fill(&*store, 2, 80);
    let mut absent = ids[3].0;
    absent[15] ^= 1;
    for (key, found) in [(ids[7].0, true), (absent, false), ([0; 16], false), ([0xff; 16], false)] {
        let (reply, answer) = oneshot::channel();
        store.fetch(vec![Fetch { table: &TOKENS, key: vec![Value::Id(key)], reply }]);
        assert_eq!(answer.blocking_recv().unwrap().unwrap().is_some(), found, "{key:?}");
    }
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert!(matches!(try_open(folder.path()), Err(OpenError::InUse(_))));
    drop(store);
    open(folder.path());
}

#[test]
fn what_is_not_ours_or_not_whole_is_refused_and_stays_as_it_was() {
    let check = |what: &str, spoil: &dyn Fn(&Path), expected: fn(&OpenError) -> bool| {
        let folder = tempfile::tempdir().unwrap();
        fill(&*open(folder.path()), 3, 400);
        spoil(folder.path());
        let before = contents(folder.path());
        let refused = try_open(folder.path()).err().unwrap_or_else(|| panic!("{what}: it was opened"));
        assert!(expected(&refused), "{what}: {refused:?}");
        assert!(before == contents(folder.path()), "{what}: something was touched");
    };
    let write = |name: &'static str, offset: u64, bytes: &'static [u8]| {
        move |folder: &Path| File::options().write(true).open(folder.join(name)).unwrap().write_all_at(bytes, offset).unwrap()
    };
    let cut = |name: &'static str, length: u64| {
        move |folder: &Path| File::options().write(true).open(folder.join(name)).unwrap().set_len(length).unwrap()
    };
    check("a newer schema", &write("jeton.db", 60, &[0, 0, 0, 9]), |refused| {
        *refused == OpenError::Newer { found: 9, known: 1 } && refused.to_string().contains("newer Jeton")
    });
    check("another program's database", &write("jeton.db", 68, b"GAME"), |refused| matches!(refused, OpenError::Foreign(_)));
    check("a text file", &|folder| fs::write(folder.join("jeton.db"), "dear diary, ".repeat(40)).unwrap(), |refused| {
        matches!(refused, OpenError::Foreign(_))
    });
    check("a damaged header", &write("jeton.db", 0, b"NOSQL"), |refused| matches!(refused, OpenError::Damaged(_)));
    check("another size of page", &write("jeton.db", 16, &[0x10, 0]), |refused| matches!(refused, OpenError::Damaged(_)));
    for length in [0, 50, 5_000, 8_192, 40_000] {
        check("a cut file", &cut("jeton.db", length), |refused| matches!(refused, OpenError::CutOff(_)));
    }
    check(
        "no database, but its log",
        &|folder| {
            fs::write(folder.join("jeton.db-wal"), [7; 100]).unwrap();
            fs::remove_file(folder.join("jeton.db")).unwrap();
        },
        |refused| matches!(refused, OpenError::CutOff(_)),
    );
    check("a cut log", &|folder| fs::write(folder.join("jeton.db-wal"), [7; 100]).unwrap(), |refused| {
        matches!(refused, OpenError::CutOff(_))
    });
}

#[test]
fn a_store_that_lost_its_database_is_refused() {
    for others in [&[][..], &["jeton.db-wal"], &["jeton.db-wal", "jeton.lock", "jeton.reserve"]] {
        let folder = tempfile::tempdir().unwrap();
        fill(&*open(folder.path()), 3, 40);
        for name in [&["jeton.db"], others].concat() {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        let before = contents(folder.path());
        let refused = try_open(folder.path()).err();
        assert!(matches!(refused, Some(OpenError::CutOff(_))), "{others:?}: {refused:?}");
        assert!(before == contents(folder.path()), "{others:?}: something was touched");
    }
}

#[test]
fn a_first_start_that_was_cut_short_is_made_up_for() {
    let whole = tempfile::tempdir().unwrap();
    drop(open(whole.path()));
    // In the order in which they are made.
    let files = ["jeton.toml", "jeton.lock", "jeton.reserve", "jeton.db-wal", "jeton.db.new", "jeton.db.new-wal", "jeton.db.new-shm"];
    for count in 0..=files.len() {
        let folder = tempfile::tempdir().unwrap();
        for name in &files[..count] {
            let made = fs::read(whole.path().join(name)).unwrap_or_else(|_| vec![7; 5_000]);
            fs::write(folder.path().join(name), &made[..made.len() / 2]).unwrap();
        }
        fill(&*open(folder.path()), 1, 1);
    }
}

#[test]
fn a_look_reads_what_is_there_and_touches_nothing() {
    // Names that mean something in a URI.
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("a b?c=1&d#e%20é'");
    let store = open(&data);
    let ids = fill(&*store, 3, 40);
    let head = store.head();
    let look = |what: &str, folder: &Path| {
        let before = contents(folder);
        let looked_at = Unopened::look(options(folder, 1)).unwrap_or_else(|refused| panic!("{what}: {refused}"));
        let view = looked_at.view().unwrap();
        assert_eq!(view.as_of(), head.size, "{what}");
        assert!(ids.iter().all(|id| view.get(&TOKENS, &vec![Value::Id(id.0)]).unwrap().is_some()), "{what}");
        assert_eq!(view.range(&CLIENTS, 0, &vec![Value::text("name 1")], None, 9).unwrap().len(), 1, "{what}");
        let mut clients = 0;
        let mut count = |_: &_| {
            clients += 1;
            true
        };
        view.scan(&CLIENTS, &mut count).unwrap();
        assert_eq!(clients, 3, "{what}");
        assert!(matches!(try_open(folder), Err(OpenError::InUse(_))), "{what}: a folder that is looked at is locked");
        drop(looked_at);
        assert!(before == contents(folder), "{what}: something was touched");
    };
    let killed = place.path().join("killed");
    fs::create_dir(&killed).unwrap();
    for (name, bytes) in contents(&data) {
        fs::write(killed.join(name), bytes).unwrap();
    }
    look("killed", &killed);
    fs::remove_file(killed.join("jeton.db-shm")).unwrap();
    look("killed, without the log's index", &killed);
    drop(store);
    look("ended", &data);
    for name in ["jeton.db-wal", "jeton.db-shm"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    look("ended, and no log left", &data);
    assert_eq!(open(&data).head(), head);
    assert_eq!(open(&killed).head(), head);
}

#[test]
fn there_is_nothing_to_see_where_there_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Unopened::look(options(&data, 1)).unwrap().view().is_none());
    assert!(!data.exists());
}

#[test]
fn a_folder_that_changed_since_the_look_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    fill(&*open(folder.path()), 3, 40);
    let looked_at = Unopened::look(options(folder.path(), 1)).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("jeton.db")).unwrap();
    connection.execute_batch("UPDATE ledger_head SET time = time + 1").unwrap();
    let refused = SqliteStore::open_after_look(looked_at, Arc::new(Ear::default())).err();
    assert!(matches!(refused, Some(OpenError::InUse(_) | OpenError::Damaged(_))), "{refused:?}");
}

#[test]
fn a_log_cut_while_it_was_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&*store, 3, 100);
    let copy = tempfile::tempdir().unwrap();
    for name in ["jeton.db", "jeton.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    File::options().write(true).open(copy.path().join("jeton.db-wal")).unwrap().set_len(40_000).unwrap();
    assert!(matches!(try_open(copy.path()), Err(OpenError::CutOff(_))));
}

#[test]
fn a_tail_that_is_not_the_heads_is_refused() {
    for sql in [
        "DELETE FROM ledger_entry WHERE sequence = (SELECT max(sequence) FROM ledger_entry)",
        "DELETE FROM ledger_entry WHERE sequence = (SELECT max(sequence) FROM ledger_entry) - 3",
        "UPDATE ledger_entry SET kind = 'api.deleted' WHERE sequence = (SELECT max(sequence) FROM ledger_entry)",
        "UPDATE ledger_head SET size = size - 1",
        "UPDATE ledger_head SET frontier = zeroblob(length(frontier))",
        "DELETE FROM ledger_head",
        "DROP INDEX client_by_name",
        "CREATE TABLE other (a INTEGER)",
    ] {
        let folder = tempfile::tempdir().unwrap();
        fill(&*open(folder.path()), 7, 40);
        let connection = rusqlite::Connection::open(folder.path().join("jeton.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let refused = try_open(folder.path()).err();
        assert!(matches!(refused, Some(OpenError::Damaged(_) | OpenError::CutOff(_))), "{sql}: {refused:?}");
    }
}

#[test]
fn a_store_that_another_tool_read_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    fill(&*open(folder.path()), 3, 40);
    let connection = rusqlite::Connection::open(folder.path().join("jeton.db")).unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM client", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
    drop(connection);
    assert!(!folder.path().join("jeton.db-wal").exists());
    open(folder.path());
}

#[test]
fn a_closed_store_says_so_and_its_subscriber_heard_each_group() {
    let folder = tempfile::tempdir().unwrap();
    let ear = Arc::new(Ear::default());
    let store = SqliteStore::open(options(folder.path(), 3), Arc::clone(&ear) as Arc<_>).unwrap();
    fill(&*store, 4, 40);
    let sizes = ear.sizes.lock().unwrap().clone();
    assert!(sizes.is_sorted() && sizes.last() == Some(&store.head().size));
    assert_eq!(store.statistics().groups, sizes.len() as u64);
    let misfit = store.view().unwrap().range(&CLIENTS, 9, &vec![], None, 1).unwrap_err();
    assert_eq!(misfit.kind, FaultKind::Engine);
    assert!(ear.lost.lock().unwrap().is_empty());
}

/// A clock that is a millisecond further each time it is read.
fn ticking() -> Duration {
    static READ: AtomicU64 = AtomicU64::new(0);
    Duration::from_millis(READ.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn the_engine_tells_how_large_groups_are_how_long_they_take_and_how_long_commits_wait() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(Options { uptime: ticking, ..options(folder.path(), 3) }, Arc::new(Ear::default())).unwrap();
    assert_eq!(store.statistics().fsync_micros.count(), 0);
    let mut maker = Maker::new(3);
    for size in [1, 5, 200] {
        let commits: Vec<_> = (0..size).map(|_| maker.issue().1).collect();
        assert!(submit(&*store, commits).iter().all(Result::is_ok));
    }
    let told = store.statistics();
    assert_eq!(told.group_sizes.counts, [1, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    assert_eq!((told.group_sizes.sum, told.commits, told.groups), (206, 206, 3));
    assert_eq!((told.fsync_micros.count(), told.fsync_micros.sum >= 3_000), (3, true), "{told:?}");
    assert!(told.waited_micros >= 206_000, "each waits between two readings at least: {told:?}");
    assert!(!told.is_full);
}
