//! Reading rows: one key, a range of an index, a whole table.

use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_store::find::Find;
use jeton_store::row::key_of;
use jeton_store::sql;
use jeton_store::store::{Fault, FaultKind};
use rusqlite::Connection;

use crate::fault::fault;
use crate::rows::{RowReader, read_row};
use crate::slices::Slices;
use crate::statements::{Statements, bind};

/// The row of a key; in a sliced table, the newest of all slices.
pub(crate) fn get(
    statements: &mut Statements<'_>,
    slices: &Slices,
    table: &'static Table,
    key: &Key,
) -> Result<Option<Versioned<Row>>, Fault> {
    let mut newest: Option<Versioned<Row>> = None;
    for slice in slices.of_key(table, key) {
        let found = match statements.row(table, slice, key) {
            Ok(None) => statements.prove_absent(table, slice, key).map(|()| None),
            other => other,
        };
        let found = match found {
            Err(_) if is_gone(statements.connection, table, slice) => None,
            other => other?,
        };
        if let Some(row) = found
            && newest.as_ref().is_none_or(|newest| newest.version < row.version)
        {
            newest = Some(row);
        }
    }
    Ok(newest)
}

/// Rows under a prefix of an index.
pub(crate) fn range(
    connection: &Connection,
    table: &'static Table,
    index: usize,
    prefix: &Key,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<Versioned<Row>>, Fault> {
    let Some(index) = table.indexes.get(index).filter(|index| prefix.len() <= index.columns.len()) else {
        return Err(Fault::new(FaultKind::Engine, format!("table `{}` has no such index", table.name)));
    };
    let open = index.columns.get(prefix.len()..).unwrap_or_default();
    let mut bound = prefix.clone();
    if let (Some(after), false) = (after, open.is_empty()) {
        // The prefix leaves columns open: only the row itself knows where it stands among them.
        let row = Statements::new(connection).row(table, 0, after)?;
        let row = row.ok_or_else(|| Fault::new(FaultKind::Engine, format!("table `{}` has no row to go on after", table.name)))?;
        bound.extend(open.iter().filter_map(|column| row.record.get(*column).cloned()));
    }
    bound.extend(after.into_iter().flatten().cloned());
    let text = if after.is_some() { sql::range_after(table, index, prefix.len()) } else { sql::range(table, index, prefix.len()) };
    rows_of(connection, table, &text, &bound, limit)
}

/// Rows in an order, from a place on.
pub(crate) fn find(connection: &Connection, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
    let text = sql::find(find);
    let text = text.ok_or_else(|| Fault::new(FaultKind::Engine, format!("table `{}` has no such order", find.table.name)))?;
    rows_of(connection, find.table, &text, &find.bound(), find.limit)
}

/// The rows of a statement whose last parameter is the limit.
fn rows_of(connection: &Connection, table: &'static Table, text: &str, bound: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
    let to_fault = |error: rusqlite::Error| fault(&error, table.name);
    let mut statement = connection.prepare(text).map_err(to_fault)?;
    let number = bind(&mut statement, 1, bound).map_err(to_fault)?;
    statement.raw_bind_parameter(number, i64::try_from(limit).unwrap_or(i64::MAX)).map_err(to_fault)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(to_fault)? {
        found.push(read_row(table, row)?);
    }
    Ok(found)
}

/// Rows whose key begins with these values.
pub(crate) fn starting_with(
    connection: &Connection,
    slices: &Slices,
    table: &'static Table,
    prefix: &Key,
    limit: usize,
) -> Result<Vec<Versioned<Row>>, Fault> {
    if prefix.len() > table.key {
        return Err(Fault::new(FaultKind::Engine, format!("the key of table `{}` has fewer columns", table.name)));
    }
    let to_fault = |error: rusqlite::Error| fault(&error, table.name);
    let mut found = Vec::new();
    for slice in slices.of_key(table, prefix) {
        let text = sql::starting_with(table, &sql::physical_name(table, slice), prefix.len());
        let mut statement = match connection.prepare(&text) {
            Err(_) if is_gone(connection, table, slice) => continue,
            other => other.map_err(to_fault)?,
        };
        let number = bind(&mut statement, 1, prefix).map_err(to_fault)?;
        let left = limit.saturating_sub(found.len());
        statement.raw_bind_parameter(number, i64::try_from(left).unwrap_or(i64::MAX)).map_err(to_fault)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(to_fault)? {
            found.push(read_row(table, row)?);
        }
    }
    Ok(found)
}

/// Rows behind a row that was read before, in the order of slices and keys.
pub(crate) fn walk(
    connection: &Connection,
    slices: &Slices,
    table: &'static Table,
    above: Option<&Key>,
    after: Option<&Row>,
    limit: usize,
) -> Result<Vec<Versioned<Row>>, Fault> {
    let place = after.map(|row| (table.slice_of_row(row), key_of(table, row)));
    let mut found = Vec::new();
    for slice in slices.of(table).filter(|slice| place.as_ref().is_none_or(|(of, _)| slice >= of)) {
        let after = place.as_ref().filter(|(of, _)| *of == slice).map(|(_, key)| key).or(above);
        let text = sql::walk(table, &sql::physical_name(table, slice), after.is_some());
        match rows_of(connection, table, &text, after.unwrap_or(&Key::new()), limit.saturating_sub(found.len())) {
            Err(_) if is_gone(connection, table, slice) => {}
            rows => found.extend(rows?),
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Every row of a table; `each` says whether to go on.
pub(crate) fn scan(
    connection: &Connection,
    slices: &Slices,
    table: &'static Table,
    each: &mut dyn FnMut(&Versioned<Row>) -> bool,
) -> Result<(), Fault> {
    let mut reader = RowReader::new(table);
    for slice in slices.of(table) {
        let mut statement = match connection.prepare(&sql::scan(table, &sql::physical_name(table, slice))) {
            Err(_) if is_gone(connection, table, slice) => continue,
            other => other.map_err(|error| fault(&error, table.name))?,
        };
        let mut rows = statement.query([]).map_err(|error| fault(&error, table.name))?;
        while let Some(row) = rows.next().map_err(|error| fault(&error, table.name))? {
            if !each(reader.read(row)?) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether a slice is not there in what this connection sees: dropped a moment ago, or not made yet.
pub(crate) fn is_gone(connection: &Connection, table: &Table, slice: i64) -> bool {
    let count =
        |name: String| connection.query_row("SELECT count(*) FROM sqlite_master WHERE name = ?1", [name], |row| row.get::<_, i64>(0));
    table.is_sliced() && count(sql::physical_name(table, slice)) == Ok(0)
}
