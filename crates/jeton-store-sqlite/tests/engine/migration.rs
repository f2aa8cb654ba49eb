//! A store of an older schema is brought up to date and keeps its rows; a newer one is refused.

use std::path::Path;
use std::sync::Arc;

use jeton_core::commit::{Commit, Write};
use jeton_core::id::CredentialId;
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Class, Column, ColumnKind, Index, Row, Table, Value};
use jeton_core::schema::version_3::{USAGE_LAST, USAGE_PROGRESS};
use jeton_core::schema::{MARK, TABLES_OF_VERSION_1, TABLES_SINCE_VERSION_2, TABLES_SINCE_VERSION_3, VERSION, version_1};
use jeton_core::usage::{bucket, progress, subject};
use jeton_core::{api_key, client};
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store;
use jeton_store::table::{Migration, Schema, Step};
use jeton_store_sqlite::{CheckOptions, OpenError, SqliteStore, Unopened, check_folder};

use tokio::sync::oneshot;

use crate::stage::{Ear, NOW, contents, options, submit};

static THINGS_BEFORE: Table =
    Table { name: "thing", columns: &[Column::text("id"), Column::int("size")], key: 1, indexes: &[], class: Class::Authority };
static THINGS: Table = Table {
    name: "thing",
    columns: &[Column::text("id"), Column::int("size"), Column::text("note").or_null()],
    key: 1,
    indexes: &[Index { name: "thing_by_size", columns: &[1], unique: false }],
    class: Class::Authority,
};
const CLASS: Class = Class::Credential { slice_seconds: 600, kept_seconds: 600 };
static TOKENS_BEFORE: Table = Table { name: "token", columns: &[Column::bytes("id")], key: 1, indexes: &[], class: CLASS };
static TOKENS: Table =
    Table { name: "token", columns: &[Column::bytes("id"), Column::int("uses").or_null()], key: 1, indexes: &[], class: CLASS };
static OTHERS: Table = Table { name: "other", columns: &[Column::int("id")], key: 1, indexes: &[], class: Class::Authority };
static NOTE: Column = Column::text("note").or_null();
static USES: Column = Column::int("uses").or_null();
static BY_SIZE: Index = Index { name: "thing_by_size", columns: &[1], unique: false };

static TABLES_BEFORE: [&Table; 3] = [&THINGS_BEFORE, &TOKENS_BEFORE, &MARK];
static TABLES: [&Table; 4] = [&THINGS, &TOKENS, &OTHERS, &MARK];
static OTHERS_ONLY: [&Table; 1] = [&OTHERS];
static FIRST: [Migration; 1] = [Migration { version: 1, steps: &[Step::CreateTables(&TABLES_BEFORE)] }];
static BOTH: [Migration; 2] = [
    Migration { version: 1, steps: &[Step::CreateTables(&TABLES_BEFORE)] },
    Migration {
        version: 2,
        steps: &[
            Step::AddColumn { table: "thing", column: &NOTE },
            Step::AddColumn { table: "token", column: &USES },
            Step::CreateIndex { table: "thing", index: &BY_SIZE },
            Step::CreateTables(&OTHERS_ONLY),
        ],
    },
];
static BEFORE: Schema = Schema { version: 1, tables: &TABLES_BEFORE, migrations: &FIRST };
static AFTER: Schema = Schema { version: 2, tables: &TABLES, migrations: &BOTH };

#[test]
fn without_room_for_a_copy_nothing_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let row = vec![Value::text("a"), Value::Int(7)];
    put(&*open(folder.path(), &BEFORE).unwrap(), &mut moment, vec![(&THINGS_BEFORE, row)]);
    // Something is in the way of the copy.
    let in_the_way = folder.path().join("jeton.version-1.db");
    std::fs::create_dir_all(in_the_way.join("full")).unwrap();
    let refused = open(folder.path(), &AFTER).map(drop);
    assert!(matches!(refused, Err(OpenError::Disk(_))), "{refused:?}");
    drop(open(folder.path(), &BEFORE).unwrap());
    std::fs::remove_dir_all(&in_the_way).unwrap();
    drop(open(folder.path(), &AFTER).unwrap());
    assert!(in_the_way.is_file());
}

#[test]
fn rows_stay_what_they_were_and_the_new_columns_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let id = CredentialId::draw(&mut moment);
    put(
        &*open(folder.path(), &BEFORE).unwrap(),
        &mut moment,
        vec![(&THINGS_BEFORE, vec![Value::text("a"), Value::Int(7)]), (&TOKENS_BEFORE, vec![Value::Id(id.0)])],
    );
    let store = open(folder.path(), &AFTER).unwrap();
    let later = CredentialId::draw(&mut moment);
    moment.now = moment.now.plus_seconds(5_000);
    let much_later = CredentialId::draw(&mut moment);
    let rows: Vec<(&'static Table, Row)> = vec![
        (&THINGS, vec![Value::text("b"), Value::Int(7), Value::text("new")]),
        (&OTHERS, vec![Value::Int(1)]),
        (&TOKENS, vec![Value::Id(later.0), Value::Int(3)]),
        (&TOKENS, vec![Value::Id(much_later.0), Value::Int(4)]),
    ];
    put(&*store, &mut moment, rows);
    let view = store.view().unwrap();
    let things = view.range(&THINGS, 0, &vec![Value::Int(7)], None, 9).unwrap();
    let things: Vec<_> = things.into_iter().map(|row| row.record).collect();
    let expected = [vec![Value::text("a"), Value::Int(7), Value::Null], vec![Value::text("b"), Value::Int(7), Value::text("new")]];
    assert_eq!(things, expected);
    for (id, uses) in [(id, Value::Null), (later, Value::Int(3)), (much_later, Value::Int(4))] {
        assert_eq!(view.get(&TOKENS, &vec![Value::Id(id.0)]).unwrap().unwrap().record, [Value::Id(id.0), uses]);
    }
    drop(view);
    drop(store);
    let mut check = CheckOptions { now: moment.now, checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&jeton_store_sqlite::Options { schema: &AFTER, ..options(folder.path(), 1) }, &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
    assert_eq!(open(folder.path(), &BEFORE).err(), Some(OpenError::Newer { found: 2, known: 1 }));
    open(folder.path(), &AFTER).unwrap();
}

#[test]
fn an_older_store_that_is_only_looked_at_stays_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let store = open(folder.path(), &BEFORE).unwrap();
    put(&*store, &mut moment, vec![(&THINGS_BEFORE, vec![Value::text("a"), Value::Int(7)])]);
    let killed = tempfile::tempdir().unwrap();
    for (name, bytes) in contents(folder.path()) {
        std::fs::write(killed.path().join(name), bytes).unwrap();
    }
    let looked_at = Unopened::look(jeton_store_sqlite::Options { schema: &AFTER, ..options(killed.path(), 1) }).unwrap();
    assert!(looked_at.view().unwrap().get(&THINGS_BEFORE, &vec![Value::text("a")]).unwrap().is_some());
    drop(looked_at);
    assert!(contents(folder.path()) == contents(killed.path()), "something was touched");
    open(killed.path(), &BEFORE).unwrap();
    open(killed.path(), &AFTER).unwrap();
}

#[test]
fn an_older_store_with_a_stray_table_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    put(&*open(folder.path(), &BEFORE).unwrap(), &mut moment, vec![(&THINGS_BEFORE, vec![Value::text("a"), Value::Int(7)])]);
    let connection = rusqlite::Connection::open(folder.path().join("jeton.db")).unwrap();
    connection.execute_batch("CREATE TABLE stray (a INTEGER)").unwrap();
    drop(connection);
    let before = contents(folder.path());
    assert!(matches!(open(folder.path(), &AFTER).err(), Some(OpenError::Damaged(_))));
    assert!(before == contents(folder.path()), "something was touched");
}

/// The schema as it was before version 3.
static VERSION_2_TABLES: [&Table; 11] = {
    let [a, b, c, d, e, f, g, h, i] = TABLES_OF_VERSION_1;
    let [j, k] = TABLES_SINCE_VERSION_2;
    [a, b, c, d, e, f, g, h, i, j, k]
};
static VERSION_2_MIGRATIONS: [Migration; 2] = [
    Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] },
    Migration { version: 2, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_2)] },
];
static VERSION_2: Schema = Schema { version: 2, tables: &VERSION_2_TABLES, migrations: &VERSION_2_MIGRATIONS };

#[test]
fn a_store_of_version_2_takes_keys_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    put(&*open(folder.path(), &VERSION_2).unwrap(), &mut moment, vec![(&version_1::CLIENT, of_columns(&version_1::CLIENT))]);
    let store = open(folder.path(), &SCHEMA).unwrap();
    let added: [&'static Table; 4] = [&api_key::TABLE, &api_key::word::TABLE, &api_key::imported::TABLE, &api_key::uses::TABLE];
    put(&*store, &mut moment, added.map(|table| (table, of_columns(table))).into());
    let view = store.view().unwrap();
    for table in [&client::TABLE].into_iter().chain(added) {
        let row = of_columns(table);
        let key = row[..table.key].to_vec();
        assert_eq!(view.get(table, &key).unwrap().unwrap().record, row, "{}", table.name);
    }
    for (index, prefix) in [Value::text("a"), Value::text("a"), Value::text("a")].into_iter().enumerate() {
        assert_eq!(view.range(&api_key::TABLE, index, &vec![prefix], None, 9).unwrap().len(), 1, "{index}");
    }
    drop(view);
    drop(store);
    assert_eq!(open(folder.path(), &VERSION_2).err(), Some(OpenError::Newer { found: VERSION, known: 2 }));
}

/// The schema as it was before version 4.
static VERSION_3: Schema = Schema {
    version: 3,
    tables: &{
        let [a, b, c, d, e, f, g, h, i, j, k] = VERSION_2_TABLES;
        let [l, m, n, o, p, q, r, s, t, u, v, w, x, y, z] = TABLES_SINCE_VERSION_3;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z]
    },
    migrations: &[
        Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] },
        Migration { version: 2, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_2)] },
        Migration { version: 3, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_3)] },
    ],
};

#[test]
fn a_store_of_version_3_keeps_what_was_counted() {
    let folder = tempfile::tempdir().unwrap();
    let before = open(folder.path(), &VERSION_3).unwrap();
    note(&*before, [&bucket::HOUR, &USAGE_PROGRESS, &USAGE_LAST]);
    drop(before);
    let store = open(folder.path(), &SCHEMA).unwrap();
    note(&*store, [&subject::TABLE]);
    let view = store.view().unwrap();
    let progress = view.get(&progress::TABLE, &vec![Value::Int(7)]).unwrap().unwrap().record;
    assert_eq!(progress, [of_columns(&USAGE_PROGRESS), vec![Value::Null]].concat());
    for table in [&bucket::HOUR, &subject::TABLE] {
        let row = of_columns(table);
        assert_eq!(view.get(table, &row[..table.key].to_vec()).unwrap().unwrap().record, row, "{}", table.name);
    }
    drop(view);
    drop(store);
    let mut check = CheckOptions { now: Time::from_seconds(NOW), checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&jeton_store_sqlite::Options { schema: &SCHEMA, ..options(folder.path(), 1) }, &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
}

fn of_columns(table: &Table) -> Row {
    let value = |column: &Column| match (column.nullable, column.kind) {
        (true, _) => Value::Null,
        (false, ColumnKind::Int) => Value::Int(7),
        (false, ColumnKind::Text) => Value::text("a"),
        (false, ColumnKind::Bytes) => Value::Id([7; 16]),
    };
    table.columns.iter().map(value).collect()
}

fn note<const COUNT: usize>(store: &dyn Store, tables: [&'static Table; COUNT]) {
    let (reply, answer) = oneshot::channel();
    store.note(Vec::from(tables.map(|table| Write::Put { table, row: of_columns(table) })).into(), reply);
    answer.blocking_recv().unwrap().unwrap();
}

fn open(folder: &Path, schema: &'static Schema) -> Result<Arc<SqliteStore>, OpenError> {
    SqliteStore::open(jeton_store_sqlite::Options { schema, ..options(folder, 1) }, Arc::new(Ear::default()))
}

fn put(store: &dyn Store, moment: &mut Moment, rows: Vec<(&'static Table, Row)>) {
    for (table, row) in rows {
        let commit = Commit::new(moment).put(table, row);
        assert!(submit(store, [commit]).iter().all(Result::is_ok));
    }
}
