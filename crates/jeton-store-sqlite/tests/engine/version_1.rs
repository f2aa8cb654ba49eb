//! A data folder of schema version 1, as it was written then, opens today: its rows and its ledger are kept.

use std::path::Path;
use std::sync::Arc;

use jeton_core::commit::{Commit, Mark, MarkKind};
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Table, Value};
use jeton_core::schema::{MARK, TABLES_OF_VERSION_1, version_1};
use jeton_core::token::AccessToken;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_core::{client, policy, token};
use jeton_store::ledger::Entry;
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store;
use jeton_store::table::{Migration, Schema, Step};
use jeton_store_sqlite::{CheckOptions, Options, SqliteStore, check_folder};
use rusqlite::Connection;

use crate::stage::{Ear, NOW, options, submit};

static MIGRATIONS: [Migration; 1] = [Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] }];
static VERSION_1: Schema = Schema { version: 1, tables: &TABLES_OF_VERSION_1, migrations: &MIGRATIONS };

/// Every text that version 1 has made, by name. Frozen: folders with them are out there.
const FROZEN: &str = include_str!("version_1.sql");

#[test]
fn it_is_brought_up_to_date_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let token = write_version_1(folder.path());
    assert_eq!(texts(folder.path()).trim(), FROZEN.trim(), "what is said to be of version 1 is not what it made");
    let (mut rows, entries) = kept(&*open(folder.path(), &VERSION_1), (&version_1::CLIENT, &version_1::ACCESS_TOKEN), token);
    assert_eq!((rows.len(), entries.len()), (4, 3));
    // A client has a contact since, and says how people sign in to it; a token whose authority it carries: of older ones nobody said any.
    for ((_, row), table) in rows.iter_mut().zip([&client::TABLE, &token::TABLE]) {
        row.resize(table.columns.len(), Value::Null);
    }
    let store = open(folder.path(), &SCHEMA);
    assert_eq!(kept(&*store, (&client::TABLE, &token::TABLE), token), (rows.clone(), entries.clone()));
    assert_eq!(store.head().size, 3);
    // And it goes on, with the tables of today.
    let mut rule: Row = ["access_token", "deployment", ""].map(Value::text).into();
    rule.extend([Value::Int(60), Value::Null, Value::Int(NOW), Value::text("unix:0"), Value::Null, Value::Null]);
    let mut moment = Moment::new(Time::from_seconds(NOW + 9), [6; 32]);
    let written = submit(&*store, [Commit::new(&mut moment).put(&policy::rule::TABLE, rule)]);
    assert!(written[0].is_ok(), "{written:?}");
    drop(store);
    let mut check = CheckOptions { now: moment.now, checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&of(folder.path(), &SCHEMA), &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
    assert!(found.ledger.is_some());
    assert_eq!(kept(&*open(folder.path(), &SCHEMA), (&client::TABLE, &token::TABLE), token), (rows, entries));
}

/// A client, a token of it that was got with an assertion, and the token's revocation, each in a commit.
fn write_version_1(folder: &Path) -> CredentialId {
    let store = open(folder, &VERSION_1);
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let (client, api, id) = (ClientId::from("client_1"), ApiId::from("api_1"), CredentialId::draw(&mut moment));
    let texts = |words: &[&str]| words.iter().map(|word| Value::text(word)).collect::<Row>();
    let mut row = texts(&["client_1", "worker", "client_credentials", "client_secret_basic"]);
    row.push(Value::Null);
    row.extend(texts(&["api_1", "orders:read"]));
    row.extend([Value::Int(1), Value::Int(NOW), Value::Int(NOW)]);
    let created = Event::ClientCreated { actor: Actor::system(), client: client.clone(), name: Arc::from("worker") };
    let (issued_at, expires_at) = (NOW, NOW + 3_600);
    let scope = Arc::from("orders:read");
    let token = AccessToken { id, client: client.clone(), api: api.clone(), scope, issued_at, expires_at, proof: None, held: None };
    let until_seconds = token.remembered_until();
    let negative = Negative::new(Says::Revoked(id, Arc::from("https://orders.example")), until_seconds, &mut moment);
    let revoked = Event::TokenRevoked { actor: Actor::system(), api, client, token: id, until_seconds, why: None };
    let mut row_of_token = token.row();
    row_of_token.truncate(version_1::ACCESS_TOKEN.columns.len());
    let mut issue = Commit::new(&mut moment).put(&version_1::ACCESS_TOKEN, row_of_token);
    issue.marks.push(Mark { kind: MarkKind::ClientAssertion, key: [8; 32], until: Time::from_seconds(NOW + 60) });
    for commit in [
        Commit::new(&mut moment).put(&version_1::CLIENT, row).tell(created),
        issue,
        Commit::new(&mut moment).put(&negative::TABLE, negative.row()).tell(revoked),
    ] {
        assert!(submit(&*store, [commit])[0].is_ok());
    }
    id
}

/// What was written, with its versions, and the ledger.
fn kept(store: &dyn Store, (clients, tokens): (&'static Table, &'static Table), token: CredentialId) -> (Vec<(u64, Row)>, Vec<Entry>) {
    let view = store.view().unwrap();
    let mut rows = Vec::new();
    let tables: [&'static Table; 4] = [clients, tokens, &negative::TABLE, &MARK];
    for table in tables {
        view.scan(table, &mut |row| {
            rows.push((row.version, row.record.clone()));
            true
        })
        .unwrap();
    }
    assert!(view.get(tokens, &vec![Value::Id(token.0)]).unwrap().is_some());
    (rows, store.tail(0, 99).unwrap())
}

/// What the database says of its tables and indexes, and its version.
fn texts(folder: &Path) -> String {
    let connection = Connection::open(folder.join("jeton.db")).unwrap();
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let mut statement = connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let found: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    format!("PRAGMA user_version = {version};\n{};", found.join(";\n"))
}

fn of(folder: &Path, schema: &'static Schema) -> Options {
    Options { schema, ..options(folder, 1) }
}

fn open(folder: &Path, schema: &'static Schema) -> Arc<SqliteStore> {
    SqliteStore::open(of(folder, schema), Arc::new(Ear::default())).unwrap()
}
