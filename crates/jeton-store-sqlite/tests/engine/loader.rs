//! What is read out of a store, and what its changes say, makes the same store again.

use std::sync::Arc;

use jeton_core::commit::{Commit, Told};
use jeton_core::moment::Time;
use jeton_core::record::Table;
use jeton_core::schema::{CHANGE, CONTENT};
use jeton_store::conformance::{CLIENTS, GRANTS, KEYS, NEGATIVES, SCHEMA, TOKENS};
use jeton_store::line::{Change, RowLine};
use jeton_store::load::Load as _;
use jeton_store::store::{Store, View};
use jeton_store_sqlite::{CheckOptions, Loader, OpenError, Options, check_folder};

use crate::stage::{Maker, NOW, fill, open, options, submit};

const KEPT: [&Table; 5] = [&CLIENTS, &GRANTS, &TOKENS, &KEYS, &NEGATIVES];

fn rows(view: &dyn View, table: &'static Table) -> Vec<RowLine> {
    let mut rows = Vec::new();
    view.scan(table, &mut |row| {
        rows.push(RowLine { table, version: row.version, row: row.record.clone() });
        true
    })
    .unwrap();
    rows
}

fn changes(view: &dyn View) -> Vec<Change> {
    let rows = rows(view, &CHANGE);
    let lines = rows.iter().flat_map(|row| row.row[1].as_text().unwrap().lines());
    lines.map(|line| Change::parse(&SCHEMA, line).unwrap()).collect()
}

#[test]
fn rows_read_early_and_the_changes_since_make_the_store_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let tokens = fill(&*store, 20, 80);
    // As a backup reads that is not done in one transaction: some tables before what happens meanwhile, some after.
    let early: Vec<_> = [&CLIENTS, &NEGATIVES].into_iter().flat_map(|table| rows(&*store.view().unwrap(), table)).collect();
    let began = store.head().size;
    let mut maker = Maker::new(9);
    let mut commits: Vec<Commit> = tokens.iter().take(9).map(|token| maker.revoke(*token)).collect();
    commits.extend([maker.client(3), maker.client(77)]);
    let gone = maker.client(5).delete(&CLIENTS, vec![jeton_core::record::Value::text("c4")]);
    commits.push(gone);
    assert!(submit(&*store, commits).iter().all(Result::is_ok));
    let view = store.view().unwrap();
    let late: Vec<_> = [&GRANTS, &TOKENS, &KEYS].into_iter().flat_map(|table| rows(&*view, table)).collect();
    let again = tempfile::tempdir().unwrap();
    let made = again.path().join("made");
    let mut loader = Loader::begin(Options { folder: made.clone(), ..options(folder.path(), 7) }).unwrap();
    loader.put(&late).unwrap();
    loader.put(&early).unwrap();
    loader.append(&store.tail(0, 9_999).unwrap()).unwrap();
    for change in changes(&*view).into_iter().filter(|change| change.sequence >= began) {
        loader.put(&change.puts).unwrap();
        for (table, key) in &change.deletes {
            loader.delete(table, key, change.sequence).unwrap();
        }
    }
    assert_eq!(loader.ledger().0, &store.head().frontier);
    loader.finish(store.head().incarnation).unwrap();
    let restored = open(&made);
    assert_eq!(restored.head(), store.head());
    for table in KEPT {
        assert_eq!(rows(&*restored.view().unwrap(), table), rows(&*view, table), "{}", table.name);
    }
    assert_eq!(restored.tail(0, 9_999).unwrap(), store.tail(0, 9_999).unwrap());
    // It goes on as any other.
    assert!(submit(&*restored, [maker.client(99)])[0].is_ok());
    drop(restored);
    let mut check = CheckOptions { now: Time::from_seconds(NOW), checkpoints: &[], progress: &mut |_| {} };
    assert_eq!(check_folder(&options(&made, 1), &mut check).unwrap().findings, Vec::<String>::new());
}

#[test]
fn a_folder_with_something_in_it_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "x").unwrap();
    assert!(matches!(Loader::begin(options(folder.path(), 1)), Err(OpenError::Foreign(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_erased_is_gone_from_the_files_and_the_ledger_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&*store, 4, 40);
    let entries = store.tail(0, 99).unwrap();
    let told = entries.iter().find(|entry| entry.kind == "client.created").unwrap().clone();
    let content = told.content.clone().unwrap();
    let mut maker = Maker::new(9);
    let mut commit = maker.client(50);
    commit.erases.push(Told { sequence: told.sequence, time: told.time });
    assert!(submit(&*store, [commit])[0].is_ok());
    assert_eq!(store.tail(told.sequence, 1).unwrap()[0].content, None);
    let kept = changes(&*store.view().unwrap());
    assert_eq!(kept.last().unwrap().erases, [told.sequence]);
    drop(store);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(16).any(|window| window == content.salt), "the salt is there still");
    }
    let mut check = CheckOptions { now: Time::from_seconds(NOW), checkpoints: &[], progress: &mut |_| {} };
    assert_eq!(check_folder(&options(folder.path(), 1), &mut check).unwrap().findings, Vec::<String>::new());
}

#[test]
fn what_entries_say_leaves_with_its_slice_and_the_ledger_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&*store, 4, 40);
    assert!(store.tail(0, 99).unwrap().iter().all(|entry| entry.content.is_some()));
    let later = Time::from_seconds(NOW + 500 * 86_400);
    store.drop_expired(later).unwrap();
    assert!(store.tail(0, 99).unwrap().iter().all(|entry| entry.content.is_none()));
    assert!(rows(&*store.view().unwrap(), &CONTENT).is_empty() && rows(&*store.view().unwrap(), &CHANGE).is_empty());
    drop(store);
    let mut check = CheckOptions { now: later, checkpoints: &[], progress: &mut |_| {} };
    let found = check_folder(&options(folder.path(), 1), &mut check).unwrap();
    assert_eq!(found.findings, Vec::<String>::new());
    let _: Arc<_> = open(folder.path());
}
