//! A data folder of schema version 15 opens today: its rows and its ledger are kept.

use std::sync::Arc;

use jeton_core::claim_rules::ClaimRules;
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ClientId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Table, Value};
use jeton_core::schema::{TABLES, TABLES_SINCE_VERSION_16, version_15};
use jeton_core::{api, client, grant, person, session};
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store as _;
use jeton_store::table::Schema;
use jeton_store_sqlite::{CheckOptions, Options, SqliteStore, check_folder};

use crate::stage::{Ear, NOW, options, submit};

/// The tables that have more columns since.
static GREW: [&Table; 6] =
    [&version_15::CLIENT, &version_15::API, &version_15::PERSON, &version_15::ACCESS_TOKEN, &version_15::SESSION, &version_15::GRANT];

/// The schema as it was.
fn version_15() -> &'static Schema {
    let then = |table: &&'static Table| GREW.into_iter().find(|grew| grew.name == table.name).unwrap_or(table);
    let is_later = |table: &&&'static Table| TABLES_SINCE_VERSION_16.iter().any(|later| later.name == table.name);
    let tables: Vec<&'static Table> = TABLES.iter().filter(|table| !is_later(table)).map(then).collect();
    Box::leak(Box::new(Schema {
        version: 15,
        tables: Box::leak(tables.into_boxed_slice()),
        migrations: SCHEMA.migrations.get(..15).unwrap_or_default(),
    }))
}

/// A row of these texts and nothing, but for times where there is no null.
fn row(table: &Table, texts: &[(&str, &str)]) -> Row {
    let value = |column: &jeton_core::record::Column| match texts.iter().find(|(name, _)| *name == column.name) {
        Some((_, text)) => Value::text(text),
        None if column.nullable => Value::Null,
        None => Value::Int(NOW),
    };
    table.columns.iter().map(value).collect()
}

#[test]
fn it_is_brought_up_to_date_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let of = |schema: &'static Schema| Options { schema, ..options(folder.path(), 1) };
    let open = |schema| SqliteStore::open(of(schema), Arc::new(Ear::default())).unwrap();
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let of_client = row(
        &version_15::CLIENT,
        &[
            ("id", "client_1"),
            ("name", "shop"),
            ("grant_types", "authorization_code"),
            ("token_endpoint_auth_method", "none"),
            ("apis", "api_1"),
            ("scopes", "read"),
            ("redirect_uris", "https://shop.example/cb"),
        ],
    );
    let texts = [
        ("id", "api_1"),
        ("audience", "https://a.example"),
        ("name", "a"),
        ("scopes", "{}"),
        ("default_scope", ""),
        ("token_format", "jwt"),
        ("signing_algorithm", "ES256"),
    ];
    let of_api = row(&version_15::API, &texts);
    let of_person = row(&version_15::PERSON, &[("id", "user_1"), ("username", "ada"), ("state", "active")]);
    let before = {
        let store = open(version_15());
        let created = Event::ClientCreated { actor: Actor::system(), client: ClientId::from("client_1"), name: Arc::from("shop") };
        let commit = Commit::new(&mut moment).put(&version_15::CLIENT, of_client).put(&version_15::API, of_api);
        let commit = commit.put(&version_15::PERSON, of_person).tell(created);
        assert!(submit(&*store, [commit])[0].is_ok());
        let (head, entries) = (store.head(), store.tail(0, 9).unwrap());
        (head.size, head.frontier.root(), entries)
    };
    let store = open(&SCHEMA);
    assert_eq!((store.head().size, store.head().frontier.root(), store.tail(0, 9).unwrap()), before);
    let view = store.view().unwrap();
    let found = |table: &'static Table, id: &str| view.get(table, &vec![Value::text(id)]).unwrap().unwrap().record;
    let shop = client::Client::from_row(&found(&client::TABLE, "client_1")).unwrap();
    assert!(shop.needs_pkce && shop.asks_consent && !shop.needs_pushed_requests);
    assert!(shop.post_logout_redirect_uris.is_empty() && shop.backchannel_logout_uri.is_none() && shop.owner.is_none());
    assert_eq!(api::Api::from_row(&found(&api::TABLE, "api_1")).unwrap().claims, ClaimRules::default());
    let ada = person::Person::from_row(&found(&person::TABLE, "user_1")).unwrap();
    assert_eq!((ada.email_verified_at, ada.locale, ada.attributes.len()), (None, None, 0));
    for table in [&session::TABLE, &grant::TABLE] {
        assert!(view.walk(table, None, None, 9).is_ok_and(|rows| rows.is_empty()), "{}", table.name);
    }
    drop(view);
    drop(store);
    // Leaves and checksums are those of before: a column that is null says nothing.
    let mut check = CheckOptions { now: moment.now, checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&of(&SCHEMA), &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
}
