//! A data folder of schema version 14 opens today: its rows and its ledger are kept.

use std::sync::Arc;

use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Table, Value};
use jeton_core::schema::{TABLES, TABLES_SINCE_VERSION_15, TABLES_SINCE_VERSION_16, version_1, version_14, version_15};
use jeton_core::token::AccessToken;
use jeton_core::{client, session, token};
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store as _;
use jeton_store::table::Schema;
use jeton_store_sqlite::{CheckOptions, Options, SqliteStore, check_folder};

use crate::stage::{Ear, NOW, options, submit};

/// The schema as it was.
fn version_14() -> &'static Schema {
    let then = |table: &&'static Table| -> &'static Table {
        match table.name {
            "client" => &version_14::CLIENT,
            "api" => &version_15::API,
            "person" => &version_15::PERSON,
            "access_token" => &version_1::ACCESS_TOKEN,
            _ => table,
        }
    };
    let is_later =
        |table: &&&'static Table| TABLES_SINCE_VERSION_15.iter().chain(TABLES_SINCE_VERSION_16).any(|later| later.name == table.name);
    let tables: Vec<&'static Table> = TABLES.iter().filter(|table| !is_later(table)).map(then).collect();
    Box::leak(Box::new(Schema {
        version: 14,
        tables: Box::leak(tables.into_boxed_slice()),
        migrations: SCHEMA.migrations.get(..14).unwrap_or_default(),
    }))
}

#[test]
fn it_is_brought_up_to_date_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let of = |schema: &'static Schema| Options { schema, ..options(folder.path(), 1) };
    let open = |schema| SqliteStore::open(of(schema), Arc::new(Ear::default())).unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let id = CredentialId::draw(&mut moment);
    let words = ["client_1", "worker", "client_credentials", "client_secret_basic"];
    let mut of_client: Row = words.map(Value::text).into();
    of_client.extend([
        Value::Null,
        Value::text("api_1"),
        Value::text("read"),
        Value::Int(0),
        Value::Int(NOW),
        Value::Int(NOW),
        Value::Null,
    ]);
    let mut of_token: Row = vec![Value::Id(id.0), Value::text("client_1"), Value::text("api_1"), Value::text("read")];
    of_token.extend([Value::Int(NOW), Value::Int(NOW + 60), Value::Null, Value::Null]);
    let before = {
        let store = open(version_14());
        let created = Event::ClientCreated { actor: Actor::system(), client: ClientId::from("client_1"), name: Arc::from("worker") };
        let mut issue = Commit::new(&mut moment).put(&version_1::ACCESS_TOKEN, of_token);
        issue.id = jeton_core::id::CommitId(id.0);
        for commit in [Commit::new(&mut moment).put(&version_14::CLIENT, of_client).tell(created), issue] {
            assert!(submit(&*store, [commit])[0].is_ok());
        }
        let (head, entries) = (store.head(), store.tail(0, 9).unwrap());
        (head.size, head.frontier.root(), entries)
    };
    let store = open(&SCHEMA);
    assert_eq!((store.head().size, store.head().frontier.root(), store.tail(0, 9).unwrap()), before);
    let view = store.view().unwrap();
    let found = view.get(&client::TABLE, &vec![Value::text("client_1")]).unwrap().unwrap();
    let found = client::Client::from_row(&found.record).unwrap();
    assert!(found.redirect_uris.is_empty() && found.rotates && found.refresh_window() == 30);
    let kept = AccessToken::from_row(&view.get(&token::TABLE, &vec![Value::Id(id.0)]).unwrap().unwrap().record).unwrap();
    assert_eq!((kept.expires_at, kept.held), (NOW + 60, None));
    assert!(view.range(&session::TABLE, session::BY_PERSON, &vec![Value::text("user_1")], None, 9).unwrap().is_empty());
    drop(view);
    drop(store);
    // Leaves and checksums are those of before: a column that is null says nothing.
    let mut check = CheckOptions { now: moment.now, checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&of(&SCHEMA), &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
}
