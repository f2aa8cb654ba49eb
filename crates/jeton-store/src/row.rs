//! What a row must look like, and the order that engines keep keys in.

use std::cmp::Ordering;

use jeton_core::record::{Column, ColumnKind, Key, Row, Table, Value};

use crate::store::{Fault, FaultKind};

/// Whether the row fits its table: as many values as columns, each of its column's kind.
///
/// # Errors
/// A fault in words: whoever made the row is wrong.
pub fn check_row(table: &Table, row: &Row) -> Result<(), Fault> {
    if row.len() != table.columns.len() {
        return Err(misfit(table, "number of values"));
    }
    match table.columns.iter().zip(row).find(|(column, value)| !fits(column, value)) {
        Some((column, _)) => Err(misfit(table, column.name)),
        None => Ok(()),
    }
}

/// Whether the key has as many values as its table's.
///
/// # Errors
/// A fault in words: whoever made the key is wrong.
pub fn check_key(table: &Table, key: &Key) -> Result<(), Fault> {
    if key.len() == table.key { Ok(()) } else { Err(misfit(table, "key")) }
}

/// The key of a row.
#[must_use]
pub fn key_of(table: &Table, row: &Row) -> Key {
    row.iter().take(table.key).cloned().collect()
}

/// The order of values that every engine keeps: nothing, then integers, texts by their bytes, bytes.
#[must_use]
pub fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        _ => match (left.as_bytes(), right.as_bytes()) {
            (Some(left), Some(right)) => left.cmp(right),
            _ => rank(left).cmp(&rank(right)),
        },
    }
}

/// The order of rows of values: the first that differs counts.
#[must_use]
pub fn compare_all(left: &[Value], right: &[Value]) -> Ordering {
    left.iter().zip(right).map(|(left, right)| compare(left, right)).find(|order| order.is_ne()).unwrap_or(left.len().cmp(&right.len()))
}

/// Whether two lists of values are the same to an engine.
#[must_use]
pub fn equal(left: &[Value], right: &[Value]) -> bool {
    compare_all(left, right).is_eq()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Int(_) => 1,
        Value::Text(_) => 2,
        Value::Bytes(_) | Value::Id(_) | Value::Hash(_) => 3,
    }
}

fn fits(column: &Column, value: &Value) -> bool {
    match value {
        Value::Null => column.nullable,
        Value::Int(_) => column.kind == ColumnKind::Int,
        Value::Text(_) => column.kind == ColumnKind::Text,
        Value::Bytes(_) | Value::Id(_) | Value::Hash(_) => column.kind == ColumnKind::Bytes,
    }
}

fn misfit(table: &Table, what: &str) -> Fault {
    Fault::new(FaultKind::Engine, format!("a row for table `{}` does not fit: {what}", table.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::CLIENTS;

    #[test]
    fn bytes_compare_as_bytes_whatever_their_form() {
        let order = [
            Value::Null,
            Value::Int(-1),
            Value::Int(2),
            Value::text("a"),
            Value::text("b"),
            Value::Bytes(vec![0; 4].into()),
            Value::Hash([1; 32]),
            Value::Id([2; 16]),
            Value::Bytes(vec![3].into()),
        ];
        for (place, value) in order.iter().enumerate() {
            for (other_place, other) in order.iter().enumerate() {
                assert_eq!(compare(value, other), place.cmp(&other_place), "{value:?} {other:?}");
            }
        }
        assert!(equal(&[Value::Bytes(vec![7; 16].into())], &[Value::Id([7; 16])]));
    }

    #[test]
    fn a_row_fits_its_columns() {
        let check = |row: Row, fits: bool| assert_eq!(check_row(&CLIENTS, &row).is_ok(), fits, "{row:?}");
        check(vec![Value::text("a"), Value::text("b"), Value::Null, Value::Int(1)], true);
        check(vec![Value::text("a"), Value::text("b"), Value::text("o"), Value::Int(1)], true);
        check(vec![Value::text("a"), Value::text("b"), Value::Int(1), Value::Int(1)], false);
        check(vec![Value::text("a"), Value::Null, Value::Null, Value::Int(1)], false);
        check(vec![Value::text("a"), Value::text("b"), Value::Null], false);
    }
}
