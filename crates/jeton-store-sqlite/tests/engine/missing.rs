//! Rows that are taken out of the database, or put into it, with every checksum right: only the ledger knows better.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jeton_core::api::create::{CreateApi, create};
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, ApiId, ClientId, CredentialId};
use jeton_core::moment::{Moment, Time};
use jeton_core::policy::effective::Policies;
use jeton_core::token::AccessToken;
use jeton_core::token::cut_off::cut_off;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_core::token::revoke::revoke;
use jeton_store::checksum::of_row;
use jeton_store::schema::SCHEMA;
use jeton_store_sqlite::{CheckOptions, CheckReport, Options, SqliteStore, check_folder};
use rusqlite::Connection;

use crate::stage::{Ear, NOW, submit};

fn options(folder: &Path) -> Options {
    Options { log_bytes: 1 << 20, reserve_bytes: 1 << 20, ..Options::new(folder, &SCHEMA, [1; 32]) }
}

fn check(folder: &Path, now_seconds: i64) -> CheckReport {
    let mut check = CheckOptions { now: Time::from_seconds(now_seconds), checkpoints: &[], progress: &mut |_| {} };
    check_folder(&options(folder), &mut check).unwrap()
}

/// A folder with an API, a token of it that is revoked, and a cut-off in the same commit as another one.
fn filled(folder: &Path) -> CredentialId {
    let mut moment = Moment::new(Time::from_seconds(NOW), [3; 32]);
    let actor = Actor::system();
    let asked = CreateApi {
        audience: "https://a.example".into(),
        scopes: BTreeMap::from([("read".to_owned(), String::new())]),
        ..CreateApi::default()
    };
    let created = create(&asked, &Policies::default(), &actor, &mut moment);
    let api = created.verdict.unwrap();
    let token = AccessToken {
        id: CredentialId::draw(&mut moment),
        client: ClientId::from("client_c"),
        api: ApiId(api.id.0.clone()),
        scope: Arc::from("read"),
        issued_at: NOW,
        expires_at: NOW + 3_600,
        proof: None,
        held: None,
    };
    let revoked = revoke(&token, &api.audience, &actor, false, &mut moment).commit;
    let mut both = jeton_core::commit::Commit::new(&mut moment);
    for name in ["client_c", "client_d"] {
        both = cut_off(both, CutOffSubject::Client, Arc::from(name), Time::from_seconds(NOW), &actor, &mut moment);
    }
    let store = SqliteStore::open(options(folder), Arc::new(Ear::default())).unwrap();
    for commit in [created.commit, revoked, both] {
        assert!(submit(&*store, [commit]).iter().all(Result::is_ok));
    }
    token.id
}

/// Changes rows of every slice; how many.
fn change(folder: &Path, sql: &str) -> usize {
    let connection = Connection::open(folder.join("jeton.db")).unwrap();
    slices(&connection).iter().map(|slice| connection.execute(&sql.replace("NEGATIVE", slice), []).unwrap()).sum()
}

/// The tables that hold negatives.
fn slices(connection: &Connection) -> Vec<String> {
    let named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'negative%'";
    let mut statement = connection.prepare(named).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_row_that_the_ledger_tells_of_and_that_is_gone_is_found() {
    for (sql, words) in [
        (
            "DELETE FROM \"NEGATIVE\" WHERE says = 1",
            "entry 1 says that token TOKEN is revoked, and the row of `negative` that holds it is missing",
        ),
        (
            "DELETE FROM \"NEGATIVE\" WHERE name = 'client_d'",
            "entry 3 says that what was issued before second 1700000000 is cut off (Client `client_d`)",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let token = filled(folder.path());
        assert_eq!(check(folder.path(), NOW).differences, []);
        assert_eq!(change(folder.path(), sql), 1);
        let found = check(folder.path(), NOW);
        assert_eq!((found.findings.len(), found.differences.len()), (0, 1), "{found:?}");
        let said = found.differences[0].to_string();
        assert!(said.contains(&words.replace("TOKEN", &token.to_string())), "{said}");
        assert_eq!(check(folder.path(), NOW + 1_000 * 86_400).differences, [], "what is over need not be there");
    }
}

#[test]
fn an_api_that_is_gone_is_found() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    Connection::open(folder.path().join("jeton.db")).unwrap().execute("DELETE FROM api", []).unwrap();
    let found = check(folder.path(), NOW);
    assert_eq!(found.differences.len(), 1, "{found:?}");
    let said = found.differences[0].to_string();
    assert!(said.starts_with("entry 0 tells of `") && said.ends_with("which is missing in `api`"), "{said}");
}

#[test]
fn a_row_that_no_entry_tells_of_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let token = filled(folder.path());
    let mut moment = Moment::new(Time::from_seconds(NOW), [4; 32]);
    let revoked = "SELECT name, until FROM \"NEGATIVE\" WHERE says = 1";
    let connection = Connection::open(folder.path().join("jeton.db")).unwrap();
    let (slice, audience, until) = slices(&connection)
        .into_iter()
        .find_map(|slice| {
            let found = connection.query_row(&revoked.replace("NEGATIVE", &slice), [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
            found.ok().map(|(audience, until)| (slice, audience, until))
        })
        .unwrap();
    // Resumed after what the ledger says last: with a checksum that fits.
    let forged = Negative::new(Says::Resumed(token, Arc::from(&*audience)), until, &mut moment);
    let checksum = of_row(&negative::TABLE, &forged.row(), 1);
    let insert = format!("INSERT INTO \"{slice}\" VALUES (?1, 3, ?2, ?3, NULL, NULL, ?4, 1, ?5)");
    connection.execute(&insert, (forged.id, token.0, audience, until, checksum)).unwrap();
    drop(connection);
    let found = check(folder.path(), NOW);
    assert_eq!((found.findings.len(), found.differences.len()), (0, 1), "{found:?}");
    assert_eq!(found.differences[0].to_string(), "entry 1 does not tell of what names it in `negative` (rows: 1)");
}
