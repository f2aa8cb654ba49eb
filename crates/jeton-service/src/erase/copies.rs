//! Copies of rows that are kept for backups, in which somebody who was erased is still named: they are told anew without them.

use std::sync::Arc;

use jeton_core::person::blank::{Blank, Left, TABLES};
use jeton_core::person::wordless;
use jeton_core::record::{Row, Value};
use jeton_core::schema::CHANGE;
use jeton_store::line::{Change, RowLine};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, FaultKind, Store, View};

use super::found::closed;
use crate::beside::beside;
use crate::failure::Failure;

/// How many rows are read at once.
const STEP: usize = 500;
/// How many rows are read before whoever waits is told.
const ROWS_IN_A_TURN: usize = 20_000;
/// How many rows one commit tells anew at most.
pub(super) const ROWS_AT_A_TIME: usize = 32;

/// The rows with such copies, in their order. What comes while they are read names nobody who is gone.
pub(super) struct Copies {
    store: Arc<dyn Store>,
    reading: Option<Place>,
}

struct Place {
    blank: Blank,
    after: Option<Row>,
}

impl Copies {
    pub(super) fn of(store: &Arc<dyn Store>, blank: Blank) -> Copies {
        Copies { store: store.clone(), reading: Some(Place { blank, after: None }) }
    }

    /// The next of them as they are to be, a few at a time; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row>>, Failure> {
        let Some(mut place) = self.reading.take() else { return Ok(None) };
        let store = self.store.clone();
        let read = move || {
            let found = place.read(&*store)?;
            Ok::<_, Fault>((place, found))
        };
        let (place, (found, is_end)) = beside(read).await.unwrap_or_else(|| Err(closed()))?;
        self.reading = Some(place).filter(|_| !is_end);
        Ok(Some(found))
    }
}

impl Place {
    fn read(&mut self, store: &dyn Store) -> Result<(Vec<Row>, bool), Fault> {
        let (mut found, mut read) = (Vec::new(), 0);
        while read < ROWS_IN_A_TURN {
            let view = store.view()?;
            let rows = view.walk(&CHANGE, None, self.after.as_ref(), STEP)?;
            if rows.is_empty() {
                return Ok((found, true));
            }
            read += rows.len();
            for row in rows {
                found.extend(self.told_anew(&*view, &row.record)?);
                self.after = Some(row.record);
                if found.len() == ROWS_AT_A_TIME {
                    return Ok((found, false));
                }
            }
        }
        Ok((found, false))
    }

    /// A row without them; `None`: it does not name them.
    fn told_anew(&self, view: &dyn View, row: &Row) -> Result<Option<Row>, Fault> {
        let [sequence, Value::Text(lines), until] = row.as_slice() else { return Ok(None) };
        let (mut text, mut is_changed) = (String::with_capacity(lines.len()), false);
        for (place, line) in lines.lines().enumerate() {
            let anew = self.line(view, line)?;
            is_changed |= anew.is_some();
            if place > 0 {
                text.push('\n');
            }
            text.push_str(anew.as_deref().unwrap_or(line));
        }
        Ok(is_changed.then(|| vec![sequence.clone(), Value::Text(text.into()), until.clone()]))
    }

    fn line(&self, view: &dyn View, line: &str) -> Result<Option<String>, Fault> {
        // Few lines are of these tables, and reading one costs more than looking for their names.
        if !TABLES.iter().any(|table| line.contains(&format!("\"{}\"", table.name))) {
            return Ok(None);
        }
        let damaged = |error: &dyn std::fmt::Display| Fault::new(FaultKind::Damaged, error.to_string());
        let change = Change::parse(&SCHEMA, line).map_err(|error| damaged(&error))?;
        let mut puts = Vec::with_capacity(change.puts.len());
        for put in &change.puts {
            match self.blank.row(put.table, &put.row) {
                Left::All => puts.push(said_still(view, put)?),
                Left::Row(row) => puts.push(RowLine { row, ..put.clone() }),
                Left::Nothing => {}
            }
        }
        let deletes: Vec<_> = change.deletes.iter().filter(|(table, key)| self.blank.keeps_deleted(table, key)).cloned().collect();
        if puts == change.puts && deletes == change.deletes {
            return Ok(None);
        }
        Change { puts, deletes, ..change }.to_line().map(Some).map_err(|error| damaged(&error))
    }
}

/// A copy of a row without the words of why it is so that the row itself says no longer: who is named in them is not asked, since nothing says
/// that any more.
fn said_still(view: &dyn View, put: &RowLine) -> Result<RowLine, Fault> {
    if wordless::words(put.table, &put.row).next().is_none() {
        return Ok(put.clone());
    }
    let now = view.get(put.table, &put.key())?.map(|row| row.record);
    let says = |words: &str| now.iter().any(|row| wordless::words(put.table, row).any(|said| said == words));
    let row = wordless::without(put.table, &put.row, |words| !says(words));
    Ok(row.map_or_else(|| put.clone(), |row| RowLine { row, ..put.clone() }))
}
