//! Makes the tables, brings older ones up to date, and knows what each table's text must be.

use std::collections::BTreeMap;

use jeton_store::sql;
use jeton_store::table::{Schema, Shape, Step};
use rusqlite::Connection;

use crate::ledger::{CREATE_ENTRIES, CREATE_HEAD, ENTRIES, HEAD};

/// Why tables are not made.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The schema is wrong.
    Schema(String),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Sqlite(error)
    }
}

/// Makes the tables of the newest version, within the caller's transaction.
pub(crate) fn create(connection: &Connection, schema: &Schema) -> Result<(), Failure> {
    connection.execute_batch(CREATE_ENTRIES)?;
    connection.execute_batch(CREATE_HEAD)?;
    for shape in schema.fold().map_err(Failure::Schema)? {
        create_tables(connection, &shape)?;
    }
    connection.pragma_update(None, "user_version", schema.version).map_err(Failure::from)
}

/// Brings tables of an older version to a newer one, within the caller's transaction. `names` are the tables there are.
pub(crate) fn migrate(connection: &Connection, schema: &Schema, from: u32, to: u32, names: &[String]) -> Result<(), Failure> {
    let mut shapes = schema.shapes_at(from).map_err(Failure::Schema)?;
    for migration in schema.migrations.iter().filter(|migration| migration.version > from && migration.version <= to) {
        let after = schema.shapes_at(migration.version).map_err(Failure::Schema)?;
        for step in migration.steps {
            run(connection, step, &shapes, &after, names)?;
        }
        shapes = after;
    }
    connection.pragma_update(None, "user_version", to).map_err(Failure::from)
}

fn run(connection: &Connection, step: &Step, shapes: &[Shape], after: &[Shape], names: &[String]) -> Result<(), Failure> {
    match *step {
        Step::CreateTables(tables) => tables.iter().try_for_each(|table| Ok(create_tables(connection, &Shape::of(table))?)),
        Step::AddColumn { table, column } => {
            let sliced = shapes.iter().any(|shape| shape.name == table && shape.class.is_sliced());
            if !sliced {
                // Also where an earlier migration of this run has made it.
                return Ok(connection.execute_batch(&sql::add_column(table, column))?);
            }
            let slices = names.iter().filter(|name| is_slice(name, table));
            slices.into_iter().try_for_each(|name| Ok(connection.execute_batch(&sql::add_column(name, column))?))
        }
        Step::CreateIndex { table, index } => {
            let shape = after.iter().find(|shape| shape.name == table);
            shape.map_or(Ok(()), |shape| Ok(connection.execute_batch(&sql::create_index(shape, index))?))
        }
        Step::DropUsage { table } => Ok(connection.execute_batch(&sql::drop_table(table))?),
    }
}

fn create_tables(connection: &Connection, shape: &Shape) -> rusqlite::Result<()> {
    if shape.class.is_sliced() {
        return Ok(());
    }
    connection.execute_batch(&sql::create_table(shape, shape.name))?;
    shape.indexes.iter().try_for_each(|index| connection.execute_batch(&sql::create_index(shape, index)))
}

/// What the texts of the tables and indexes of a store of a version may be, by name; those of slices by the name of slice 0. A store that
/// was made by an older version and migrated has other texts than a fresh one, so each way to that version is walked.
fn texts(schema: &Schema, version: u32) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for start in 1..=version {
        let connection = Connection::open_in_memory()?;
        for shape in schema.shapes_at(start).map_err(Failure::Schema)? {
            create_tables(&connection, &shape)?;
            if shape.class.is_sliced() {
                connection.execute_batch(&sql::create_table(&shape, &format!("{}_0", shape.name)))?;
            }
        }
        let names: Vec<_> = read_texts(&connection)?.into_iter().map(|(name, _)| name).collect();
        migrate(&connection, schema, start, version, &names)?;
        for (name, text) in read_texts(&connection)? {
            texts.entry(name).or_default().push(text);
        }
    }
    texts.insert(ENTRIES.into(), vec![format!("table {ENTRIES} {CREATE_ENTRIES}")]);
    texts.insert(HEAD.into(), vec![format!("table {HEAD} {CREATE_HEAD}")]);
    Ok(texts)
}

/// Names and texts of all tables and indexes: what each is, of which table, and the SQL that made it.
pub(crate) fn read_texts(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_master")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Whether the texts of a store are what this schema's may be at a version.
pub(crate) fn check_texts(schema: &Schema, version: u32, found: &[(String, String)]) -> Result<bool, Failure> {
    let texts = texts(schema, version)?;
    let is_known = |name: &str, text: &str| texts.get(name).is_some_and(|known| known.iter().any(|known| known == text));
    let is_known_slice = |(name, text): &(String, String)| {
        schema.tables.iter().filter(|table| table.is_sliced() && sql::slice_of_name(table, name).is_some()).any(|table| {
            let first = format!("{}_0", table.name);
            let text = text.strip_prefix(&format!("table {name} CREATE TABLE \"{name}\""));
            text.is_some_and(|rest| is_known(&first, &format!("table {first} CREATE TABLE \"{first}\"{rest}")))
        })
    };
    let expected = texts.keys().filter(|name| !schema.tables.iter().any(|table| table.is_sliced() && is_slice(name, table.name)));
    let none_missing = expected.into_iter().all(|name| found.iter().any(|(found, _)| found == name));
    Ok(none_missing && found.iter().all(|found| is_known(&found.0, &found.1) || is_known_slice(found)))
}

fn is_slice(name: &str, table: &str) -> bool {
    name.strip_prefix(table).and_then(|rest| rest.strip_prefix('_')).is_some_and(|slice| slice.parse::<i64>().is_ok())
}
