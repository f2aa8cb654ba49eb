//! Rows of others in which somebody wrote why, and named a person who is erased: read beside the reactor, so many at a time.

use std::sync::Arc;

use jeton_core::commit::{Premise, Sequence};
use jeton_core::person::reasons::Reasons;
use jeton_core::person::wordless::TABLES;
use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_store::row::key_of;
use jeton_store::store::{Fault, Store, View};

use super::found::closed;
use crate::beside::beside;
use crate::failure::Failure;

/// How many rows are read at once.
const STEP: usize = 500;
/// How many rows are read before whoever waits is told.
const ROWS_IN_A_TURN: usize = 20_000;
/// How many rows one commit puts at most.
const ROWS_AT_A_TIME: usize = 32;

/// A row that names them.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    pub(super) table: &'static Table,
    pub(super) key: Key,
    pub(super) version: Sequence,
    /// As it is to be.
    pub(super) left: Row,
}

impl Naming {
    pub(super) fn premise(&self) -> Premise {
        Premise::Row { table: self.table, key: self.key.clone(), version: Some(self.version) }
    }
}

/// The rows that name them, in their order. What somebody writes while they are read is not looked for.
pub(super) struct OfOthers {
    store: Arc<dyn Store>,
    reasons: Arc<Reasons>,
    reading: Option<Place>,
}

#[derive(Clone, Default)]
struct Place {
    /// Which of the tables.
    table: usize,
    after: Option<Row>,
}

impl OfOthers {
    pub(super) fn of(store: &Arc<dyn Store>, reasons: Reasons) -> OfOthers {
        OfOthers { store: store.clone(), reasons: Arc::new(reasons), reading: Some(Place::default()) }
    }

    /// The next of them, a few at a time; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Naming>>, Failure> {
        let Some(mut place) = self.reading.take() else { return Ok(None) };
        let (store, reasons) = (self.store.clone(), self.reasons.clone());
        let read = move || {
            let found = place.read(&*store, &reasons)?;
            Ok::<_, Fault>((place, found))
        };
        let (place, found) = beside(read).await.unwrap_or_else(|| Err(closed()))?;
        self.reading = Some(place).filter(|place| place.table < TABLES.len());
        Ok(Some(found))
    }

    /// The same rows as they are now: those that name them still.
    pub(super) async fn again(&self, rows: Vec<Naming>) -> Result<Vec<Naming>, Failure> {
        let (store, reasons) = (self.store.clone(), self.reasons.clone());
        let read = move || {
            let view = store.view()?;
            let read = |Naming { table, key, .. }| Ok::<_, Fault>(view.get(table, &key)?.and_then(|row| naming(&reasons, table, &row)));
            rows.into_iter().map(read).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
        };
        Ok(beside(read).await.unwrap_or_else(|| Err(closed()))?)
    }
}

impl Place {
    fn read(&mut self, store: &dyn Store, reasons: &Reasons) -> Result<Vec<Naming>, Fault> {
        let (mut found, mut read) = (Vec::new(), 0);
        while let Some(table) = TABLES.get(self.table).filter(|_| read < ROWS_IN_A_TURN) {
            let rows = self.step(&*store.view()?, table)?;
            read += rows.len().max(1);
            for row in rows {
                found.extend(naming(reasons, table, &row));
                self.after = Some(row.record);
                if found.len() == ROWS_AT_A_TIME {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// The next rows of a table; at its end none, and the next table is next.
    fn step(&mut self, view: &dyn View, table: &'static Table) -> Result<Vec<Versioned<Row>>, Fault> {
        let rows = view.walk(table, None, self.after.as_ref(), STEP)?;
        if rows.is_empty() {
            *self = Place { table: self.table + 1, after: None };
        }
        Ok(rows)
    }
}

fn naming(reasons: &Reasons, table: &'static Table, row: &Versioned<Row>) -> Option<Naming> {
    let left = reasons.left_of(table, &row.record)?;
    Some(Naming { table, key: key_of(table, &row.record), version: row.version, left })
}
