//! SQL made from tables. Text only: engines prepare and bind it.
//!
//! Rows have real columns, so that `sqlite3 jeton.db` reads them; `row_version` and `row_checksum` follow the table's own.

use std::fmt::Write;

use jeton_core::record::{Column, ColumnKind, Index, Table};

use crate::find::{Direction, Find};
use crate::table::Shape;

/// The name of the table that holds a slice; that of the table itself where it is not sliced.
#[must_use]
pub fn physical_name(table: &Table, slice: i64) -> String {
    if table.is_sliced() { format!("{}_{slice}", table.name) } else { table.name.to_owned() }
}

/// The slice that a physical table holds, if it is one of this table's.
#[must_use]
pub fn slice_of_name(table: &Table, physical: &str) -> Option<i64> {
    if !table.is_sliced() {
        return (physical == table.name).then_some(0);
    }
    let slice = physical.strip_prefix(table.name)?.strip_prefix('_')?.parse().ok()?;
    (physical_name(table, slice) == physical).then_some(slice)
}

/// What makes the physical table.
#[must_use]
pub fn create_table(shape: &Shape, physical: &str) -> String {
    let mut sql = format!("CREATE TABLE \"{physical}\" (");
    for column in &shape.columns {
        let _ = write!(sql, "{}, ", definition(column));
    }
    let _ = write!(
        sql,
        "\"row_version\" INTEGER NOT NULL, \"row_checksum\" INTEGER NOT NULL, PRIMARY KEY ({})",
        listed(shape.columns.iter().take(shape.key).copied())
    );
    sql + ") STRICT, WITHOUT ROWID"
}

/// What makes an index of a table that is not sliced.
#[must_use]
pub fn create_index(shape: &Shape, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let names = listed(index.columns.iter().filter_map(|column| shape.columns.get(*column).copied()));
    format!("CREATE {unique}INDEX \"{}\" ON \"{}\" ({names})", index.name, shape.name)
}

/// What adds a column.
#[must_use]
pub fn add_column(physical: &str, column: &Column) -> String {
    format!("ALTER TABLE \"{physical}\" ADD COLUMN {}", definition(column))
}

/// What takes a table away.
#[must_use]
pub fn drop_table(physical: &str) -> String {
    format!("DROP TABLE \"{physical}\"")
}

/// Inserts or replaces a row: its values, version and checksum in order.
#[must_use]
pub fn put(table: &Table, physical: &str) -> String {
    let replaced = table.columns.iter().skip(table.key).map(|column| column.name).chain(["row_version", "row_checksum"]);
    let replaced = joined(replaced.map(|name| format!("\"{name}\" = excluded.\"{name}\"")), ", ");
    format!("{} ON CONFLICT ({}) DO UPDATE SET {replaced}", insert(table, physical), listed(key(table)))
}

/// Inserts a row unless its key exists: its values, version and checksum in order.
#[must_use]
pub fn issue(table: &Table, physical: &str) -> String {
    format!("{} ON CONFLICT DO NOTHING", insert(table, physical))
}

/// A row by its key.
#[must_use]
pub fn get(table: &Table, physical: &str) -> String {
    format!("SELECT {} FROM \"{physical}\" WHERE {}", row(table), equal(key(table)))
}

/// The rows on both sides of a key that is not there, by the key: an absent row is proven by its neighbours.
#[must_use]
pub fn neighbours(table: &Table, physical: &str) -> [String; 2] {
    let names = listed(key(table));
    let numbers = joined((1..=table.key).map(|number| format!("?{number}")), ", ");
    let side = |sign: &str, order: &str| {
        let order = joined(key(table).map(|column| format!("\"{}\"{order}", column.name)), ", ");
        format!("SELECT {} FROM \"{physical}\" WHERE ({names}) {sign} ({numbers}) ORDER BY {order} LIMIT 1", row(table))
    };
    [side("<", " DESC"), side(">", "")]
}

/// The version of a row by its key.
#[must_use]
pub fn version(table: &Table, physical: &str) -> String {
    format!("SELECT \"row_version\" FROM \"{physical}\" WHERE {}", equal(key(table)))
}

/// Deletes a row by its key.
#[must_use]
pub fn delete(table: &Table, physical: &str) -> String {
    format!("DELETE FROM \"{physical}\" WHERE {}", equal(key(table)))
}

/// Every row in the order of the keys.
#[must_use]
pub fn scan(table: &Table, physical: &str) -> String {
    format!("SELECT {} FROM \"{physical}\" ORDER BY {}", row(table), listed(key(table)))
}

/// Rows of a physical table in the order of the keys, from the first or behind a key: the key where there is one, then the limit.
#[must_use]
pub fn walk(table: &Table, physical: &str, is_behind: bool) -> String {
    let (columns, names) = (row(table), listed(key(table)));
    if !is_behind {
        return format!("SELECT {columns} FROM \"{physical}\" ORDER BY {names} LIMIT ?1");
    }
    let numbers = joined((1..=table.key).map(|number| format!("?{number}")), ", ");
    let limit = table.key + 1;
    format!("SELECT {columns} FROM \"{physical}\" WHERE ({names}) > ({numbers}) ORDER BY {names} LIMIT ?{limit}")
}

/// Rows whose key begins with so many values, in the order of the keys: the values, then the limit.
#[must_use]
pub fn starting_with(table: &Table, physical: &str, prefix: usize) -> String {
    let begins = if prefix == 0 { "1".into() } else { equal(key(table).take(prefix)) };
    format!("SELECT {} FROM \"{physical}\" WHERE {begins} ORDER BY {} LIMIT ?{}", row(table), listed(key(table)), prefix + 1)
}

/// Rows under a prefix of an index in its order: the prefix, then the limit.
#[must_use]
pub fn range(table: &Table, index: &Index, prefix: usize) -> String {
    let order = listed(order(table, index));
    format!("SELECT {} FROM \"{}\" WHERE {} ORDER BY {order} LIMIT ?{}", row(table), table.name, under(table, index, prefix), prefix + 1)
}

/// The same after a row: the prefix, then that row's values of the index's other columns and of the key, then the limit.
#[must_use]
pub fn range_after(table: &Table, index: &Index, prefix: usize) -> String {
    let open: Vec<&Column> = order(table, index).skip(prefix).collect();
    let limit = prefix + open.len() + 1;
    let (under, after) = (under(table, index, prefix), after(&open, prefix + 1));
    let order = listed(self::order(table, index));
    format!("SELECT {} FROM \"{}\" WHERE {under} AND {after} ORDER BY {order} LIMIT ?{limit}", row(table), table.name)
}

/// Rows in an order, from a place on: what [`Find::bound`] says, then the limit. `None`: the table has no such order.
#[must_use]
pub fn find(find: &Find<'_>) -> Option<String> {
    let (open, fixed) = find.columns(&find.order()?);
    let (from, until, after) = find.bounds();
    let (sign, down) = match find.direction {
        Direction::Forward => (">", ""),
        Direction::Backward => ("<", " DESC"),
    };
    let mut numbers = 1..;
    let mut conditions: Vec<String> =
        fixed.iter().zip(&mut numbers).map(|(column, number)| format!("\"{}\" IS ?{number}", column.name)).collect();
    let bounds = [(from, ">="), (until, "<")].into_iter().filter(|(bound, _)| bound.is_some());
    let next = open.first().map_or("", |column| column.name);
    conditions.extend(bounds.zip(&mut numbers).map(|((_, sign), number)| format!("\"{next}\" {sign} ?{number}")));
    if after.is_some() {
        let values = joined(open.iter().zip(&mut numbers).map(|(_, number)| format!("?{number}")), ", ");
        conditions.push(format!("({}) {sign} ({values})", listed(open.iter().copied())));
    }
    let conditions = if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
    let order = joined(open.iter().map(|column| format!("\"{}\"{down}", column.name)), ", ");
    let limit = find.bound().len() + 1;
    Some(format!("SELECT {} FROM \"{}\" WHERE {conditions} ORDER BY {order} LIMIT ?{limit}", row(find.table), find.table.name))
}

/// Key and version of rows under a prefix of an index: the prefix, then the limit.
#[must_use]
pub fn versions(table: &Table, index: &Index, prefix: usize) -> String {
    let (keys, order) = (listed(key(table)), listed(order(table, index)));
    let under = under(table, index, prefix);
    format!("SELECT {keys}, \"row_version\" FROM \"{}\" WHERE {under} ORDER BY {order} LIMIT ?{}", table.name, prefix + 1)
}

/// The key that stands `skip` rows behind the first: the skip.
#[must_use]
pub fn key_behind(table: &Table, physical: &str) -> String {
    let names = listed(key(table));
    format!("SELECT {names} FROM \"{physical}\" ORDER BY {names} LIMIT 1 OFFSET ?1")
}

/// Deletes the rows before a key.
#[must_use]
pub fn delete_before(table: &Table, physical: &str) -> String {
    let numbers = joined((1..=table.key).map(|number| format!("?{number}")), ", ");
    format!("DELETE FROM \"{physical}\" WHERE ({}) < ({numbers})", listed(key(table)))
}

fn insert(table: &Table, physical: &str) -> String {
    let numbers = joined((1..=table.columns.len() + 2).map(|number| format!("?{number}")), ", ");
    format!("INSERT INTO \"{physical}\" ({}) VALUES ({numbers})", row(table))
}

fn row(table: &Table) -> String {
    listed(table.columns) + ", \"row_version\", \"row_checksum\""
}

fn key(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().take(table.key)
}

/// The columns an index is ordered by: its own, then the key's.
fn order<'a>(table: &'a Table, index: &'a Index) -> impl Iterator<Item = &'a Column> {
    index.columns.iter().filter_map(|column| table.columns.get(*column)).chain(key(table))
}

fn equal<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    joined((1..).zip(columns).map(|(number, column)| format!("\"{}\" = ?{number}", column.name)), " AND ")
}

fn under(table: &Table, index: &Index, prefix: usize) -> String {
    let columns = index.columns.iter().filter_map(|column| table.columns.get(*column)).take(prefix);
    let all = joined((1..).zip(columns).map(|(number, column)| format!("\"{}\" IS ?{number}", column.name)), " AND ");
    if all.is_empty() { "1".into() } else { all }
}

/// Greater in the order of these columns, nulls first, than the values from parameter `number` on.
fn after(columns: &[&Column], number: usize) -> String {
    let mut cases = Vec::with_capacity(columns.len());
    let mut same = String::new();
    for (number, column) in (number..).zip(columns) {
        let name = column.name;
        let greater = match column.nullable {
            true => format!("(\"{name}\" > ?{number} OR (?{number} IS NULL AND \"{name}\" IS NOT NULL))"),
            false => format!("\"{name}\" > ?{number}"),
        };
        cases.push(format!("{same}{greater}"));
        let _ = write!(same, "\"{name}\" IS ?{number} AND ");
    }
    // The bound says nothing new; it lets the engine seek where it would walk.
    let bound = match columns.first() {
        Some(first) if !first.nullable && columns.len() > 1 => format!("\"{}\" >= ?{number} AND ", first.name),
        _ => String::new(),
    };
    format!("{bound}({})", cases.join(" OR "))
}

fn definition(column: &Column) -> String {
    let kind = match column.kind {
        ColumnKind::Int => "INTEGER",
        ColumnKind::Text => "TEXT",
        ColumnKind::Bytes => "BLOB",
    };
    format!("\"{}\" {kind}{}", column.name, if column.nullable { "" } else { " NOT NULL" })
}

fn listed<'a>(columns: impl IntoIterator<Item = &'a Column>) -> String {
    joined(columns.into_iter().map(|column| format!("\"{}\"", column.name)), ", ")
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use jeton_core::record::Value;

    use super::*;
    use crate::conformance::{CLIENTS, COUNTS, NEGATIVES, TOKENS};

    #[test]
    fn the_text_is_as_agreed() {
        let mut text = vec![
            create_table(&Shape::of(&CLIENTS), "client"),
            create_table(&Shape::of(&TOKENS), "token_7"),
            put(&CLIENTS, "client"),
            put(&NEGATIVES, "negative_1"),
            issue(&TOKENS, "token_7"),
            get(&NEGATIVES, "negative_1"),
            version(&CLIENTS, "client"),
            delete(&CLIENTS, "client"),
            scan(&TOKENS, "token_7"),
            key_behind(&NEGATIVES, "negative_1"),
            delete_before(&NEGATIVES, "negative_1"),
            starting_with(&COUNTS, "count_4", 0),
            starting_with(&COUNTS, "count_4", 2),
            add_column("client", &Column::text("note").or_null()),
        ];
        text.extend(neighbours(&NEGATIVES, "negative_1"));
        for index in CLIENTS.indexes {
            text.push(create_index(&Shape::of(&CLIENTS), index));
            text.extend((0..=index.columns.len()).map(|prefix| range_after(&CLIENTS, index, prefix)));
            text.push(range(&CLIENTS, index, 1));
            text.push(versions(&CLIENTS, index, 1));
        }
        let (owner, size) = ([Value::text("a")], [Value::Int(1), Value::text("b")]);
        let all = Find::first(&CLIENTS, 1);
        for sought in [
            all,
            Find { direction: Direction::Backward, until: Some(&owner[0]), ..all },
            Find { index: Some(1), prefix: &owner, from: Some(&size[0]), until: Some(&size[0]), after: Some(&size), ..all },
            Find { index: Some(1), prefix: &owner, from: Some(&size[0]), until: Some(&size[0]), ..all },
        ] {
            text.push(find(&sought).unwrap());
        }
        let text = text.join("\n") + "\n";
        assert_eq!(text, include_str!("sql/golden.sql"), "as made:\n{text}");
    }

    #[test]
    fn a_slice_is_known_by_its_name() {
        let check = |name: &str, slice: Option<i64>| assert_eq!(slice_of_name(&TOKENS, name), slice, "{name}");
        check("token_482911", Some(482_911));
        check("token_-3", Some(-3));
        for other in ["token", "token_", "token_+5", "token_05", "token_x", "tokens_5", "other_5"] {
            check(other, None);
        }
        assert_eq!(slice_of_name(&CLIENTS, "client"), Some(0));
        assert_eq!(slice_of_name(&CLIENTS, "client_1"), None);
    }
}
