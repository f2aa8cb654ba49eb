//! Somebody was erased after the backup's end, and what was changed is told anew without the words of their keys: a drill does not ask after
//! these, and after nothing else less than before.

use std::sync::Arc;

use jeton_backup::drill::compare::Comparison;
use jeton_core::api_key::{self, word};
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{ColumnKind, Row, Table, Value};
use jeton_core::schema::CHANGE;
use jeton_store::line::{Change, RowLine};
use jeton_store::load::Load as _;
use jeton_store::memory::{MemoryLoader, MemoryStore};
use jeton_store::schema::SCHEMA;
use jeton_store::store::Store as _;

use crate::drill::Nobody;
use crate::stage::{NOW, submit};

/// A row of a table that begins so, and says nothing else.
fn row(table: &Table, begins: &[Value]) -> Row {
    let rest = table.columns.iter().skip(begins.len()).map(|column| match column.kind {
        _ if column.nullable => Value::Null,
        ColumnKind::Int => Value::Int(0),
        ColumnKind::Text => Value::text(""),
        ColumnKind::Bytes => Value::bytes(&[0; 32]),
    });
    begins.iter().cloned().chain(rest).collect()
}

/// Whether a drill passes where words of two keys went, and one of these keys.
fn drill(deletes_the_other: bool) -> Result<(), String> {
    let live = MemoryStore::new(&SCHEMA, [1; 32], Arc::new(Nobody));
    let mut moment = Moment::new(Time::from_seconds(NOW), [2; 32]);
    let keys = [[7; 16], [8; 16]].map(ApiKeyId);
    let words = keys.map(|key| vec![Value::text("laptop"), Value::Id(key.0)]);
    let removed = |key| Event::ApiKeyRemoved { actor: Actor::system(), key };
    let mut made = Commit::new(&mut moment).tell(removed(keys[0]));
    for (key, word) in keys.iter().zip(&words) {
        made = made.put(&api_key::TABLE, row(&api_key::TABLE, &[Value::Id(key.0)])).put(&word::TABLE, word.clone());
    }
    submit(&*live, made).unwrap();
    let mut loader = MemoryLoader::begin(&SCHEMA);
    for table in [&api_key::TABLE, &word::TABLE] {
        let rows = live.view().unwrap().walk(table, None, None, 10).unwrap();
        let lines: Vec<_> = rows.into_iter().map(|row| RowLine { table, version: row.version, row: row.record }).collect();
        loader.put(&lines).unwrap();
    }
    loader.append(&live.tail(0, 10).unwrap()).unwrap();
    let restored = loader.finish([9; 16], [8; 32], Arc::new(Nobody));
    let mut gone = Commit::new(&mut moment).tell(removed(keys[0]));
    for (key, word) in keys.iter().zip(words).take(if deletes_the_other { 2 } else { 1 }) {
        gone = gone.delete(&word::TABLE, word);
        if *key == keys[0] {
            gone = gone.delete(&api_key::TABLE, vec![Value::Id(key.0)]);
        }
    }
    submit(&*live, gone).unwrap();
    for mut row in live.view().unwrap().walk(&CHANGE, None, None, 10).unwrap() {
        let line = row.record[1].as_text().unwrap();
        let mut change = Change::parse(&SCHEMA, line).unwrap();
        change.deletes.retain(|(table, _)| table.name != word::TABLE.name);
        row.record[1] = Value::text(&change.to_line().unwrap());
        submit(&*live, Commit::new(&mut moment).put(&CHANGE, row.record)).unwrap();
    }
    let (live, passed_over) = (Some(&*live as _), &[]);
    let compared = Comparison { restored: &*restored, live, schema: &SCHEMA, passed_over, now_seconds: NOW, progress: &|_| {} }.run();
    compared.map(drop).map_err(|failure| failure.to_string())
}

#[test]
fn words_of_a_key_that_went_are_not_asked_after() {
    assert_eq!(drill(false), Ok(()));
    let found = drill(true).unwrap_err();
    assert!(found.contains("`api_key_word` was restored that is gone"), "of a key that is there, it is told: {found}");
}
