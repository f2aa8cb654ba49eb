//! A schema as data: its tables, and the migrations that lead to them from the first version.

use std::collections::BTreeSet;
use std::ptr;

use jeton_core::record::{Class, Column, ColumnKind, Index, Table};
use jeton_core::schema::MARK;

/// The tables of one version of Jeton.
#[derive(Debug)]
pub struct Schema {
    /// The version, from 1; an engine stores it and refuses a store of a newer one.
    pub version: u32,
    /// Every table.
    pub tables: &'static [&'static Table],
    /// What leads from an empty store to these tables, one version after another.
    pub migrations: &'static [Migration],
}

/// What brings a store to a version from the one before it.
#[derive(Debug)]
pub struct Migration {
    /// The version it leads to.
    pub version: u32,
    /// Its steps in order.
    pub steps: &'static [Step],
}

/// One step of a migration. None rewrites rows.
#[derive(Debug)]
pub enum Step {
    /// New tables, as they were at that version.
    CreateTables(&'static [&'static Table]),
    /// A new last column, which may be null: rows that lack it keep their checksum. Not for a table of class `Expiring`, whose last
    /// column says when a row ends.
    AddColumn {
        /// The table's name.
        table: &'static str,
        /// The column.
        column: &'static Column,
    },
    /// A new index on a table that is not sliced.
    CreateIndex {
        /// The table's name.
        table: &'static str,
        /// The index.
        index: &'static Index,
    },
    /// Takes away a table of usage that is not sliced: nothing else is ever dropped.
    DropUsage {
        /// The table's name.
        table: &'static str,
    },
}

/// A table as the migrations up to some version make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The name.
    pub name: &'static str,
    /// The columns in order.
    pub columns: Vec<&'static Column>,
    /// How many leading columns make the primary key.
    pub key: usize,
    /// The secondary indexes in order.
    pub indexes: Vec<&'static Index>,
    /// The class.
    pub class: Class,
}

impl Shape {
    /// The shape of a table.
    #[must_use]
    pub fn of(table: &Table) -> Shape
    where
        Table: 'static,
    {
        Shape {
            name: table.name,
            columns: table.columns.iter().collect(),
            key: table.key,
            indexes: table.indexes.iter().collect(),
            class: table.class,
        }
    }
}

impl Schema {
    /// The tables as the migrations make them.
    ///
    /// # Errors
    /// In words, when a step does not fit what is there.
    pub fn fold(&self) -> Result<Vec<Shape>, String> {
        self.shapes_at(self.version)
    }

    /// The tables as the migrations up to a version made them.
    ///
    /// # Errors
    /// In words, when a step does not fit what is there.
    pub fn shapes_at(&self, version: u32) -> Result<Vec<Shape>, String> {
        let mut shapes: Vec<Shape> = Vec::new();
        for (expected, migration) in (1..=version).zip(self.migrations) {
            if migration.version != expected {
                return Err(format!("migration {expected} is numbered {}", migration.version));
            }
            migration.steps.iter().try_for_each(|step| apply(step, &mut shapes))?;
        }
        Ok(shapes)
    }

    /// Whether every table keeps the rules of its class, and the migrations lead to these tables.
    ///
    /// # Errors
    /// In words, the first rule broken.
    pub fn validate(&self) -> Result<(), String> {
        let mut names = BTreeSet::from(["ledger_entry", "ledger_head"]);
        for table in self.tables {
            if !names.insert(table.name) {
                return Err(format!("two tables are named `{}`", table.name));
            }
            validate_table(table).map_err(|rule| format!("table `{}`: {rule}", table.name))?;
            for index in table.indexes {
                if !names.insert(index.name) {
                    return Err(format!("two things are named `{}`", index.name));
                }
            }
        }
        if !self.tables.iter().any(|table| ptr::eq(*table, &MARK)) {
            return Err("there is no place for one-time marks".into());
        }
        if u32::try_from(self.migrations.len()) != Ok(self.version) {
            return Err(format!("version {} needs as many migrations", self.version));
        }
        let (mut folded, mut fresh) = (self.fold()?, self.tables.iter().map(|table| Shape::of(table)).collect::<Vec<_>>());
        folded.sort_by_key(|shape| shape.name);
        fresh.sort_by_key(|shape| shape.name);
        match folded.iter().zip(&fresh).find(|(folded, fresh)| folded != fresh) {
            Some((folded, _)) => Err(format!("the migrations make another table `{}`", folded.name)),
            None if folded.len() != fresh.len() => Err("the migrations make other tables".into()),
            None => Ok(()),
        }
    }
}

fn apply(step: &Step, shapes: &mut Vec<Shape>) -> Result<(), String> {
    match *step {
        Step::CreateTables(tables) => {
            for table in tables {
                if shapes.iter().any(|shape| shape.name == table.name) {
                    return Err(format!("table `{}` is created twice", table.name));
                }
                shapes.push(Shape::of(table));
            }
        }
        Step::AddColumn { table, column } => {
            let shape = find(shapes, table)?;
            if !column.nullable || matches!(shape.class, Class::Expiring { .. }) {
                return Err(format!("column `{table}.{}` cannot be added", column.name));
            }
            shape.columns.push(column);
        }
        Step::CreateIndex { table, index } => find(shapes, table)?.indexes.push(index),
        Step::DropUsage { table } => {
            if find(shapes, table)?.class != Class::Noted {
                return Err(format!("table `{table}` is not dropped: it is more than usage"));
            }
            shapes.retain(|shape| shape.name != table);
        }
    }
    Ok(())
}

fn find<'a>(shapes: &'a mut [Shape], name: &str) -> Result<&'a mut Shape, String> {
    shapes.iter_mut().find(|shape| shape.name == name).ok_or_else(|| format!("table `{name}` is not there yet"))
}

fn validate_table(table: &Table) -> Result<(), String> {
    let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let columns = table.columns.len();
    let named = |column: &Column| plain(column.name.trim_end_matches(|last: char| last.is_ascii_digit()));
    if !plain(table.name) || !table.columns.iter().all(named) || table.columns.iter().any(|column| column.name.starts_with("row_")) {
        return Err("names are lowercase letters and `_`, columns may end in digits; `row_` is the engine's".into());
    }
    if table.key == 0 || table.key > columns || table.columns.iter().take(table.key).any(|column| column.nullable) {
        return Err("the key is the first columns, at least one, none null".into());
    }
    if table.indexes.iter().any(|index| index.columns.is_empty() || index.columns.iter().any(|column| *column >= columns)) {
        return Err("an index names columns that there are".into());
    }
    match table.class {
        Class::Authority => Ok(()),
        Class::Noted if table.indexes.is_empty() => Ok(()),
        Class::Noted => Err("usage has no index".into()),
        Class::Credential { .. } | Class::Expiring { .. } | Class::Counted { .. } if !table.indexes.is_empty() => {
            Err("a sliced table has no index".into())
        }
        Class::Credential { slice_seconds, kept_seconds } => {
            let by_id = table.key == 1 && table.columns.first().is_some_and(|column| column.kind == ColumnKind::Bytes);
            if by_id && slice_seconds > 0 && kept_seconds >= 0 { Ok(()) } else { Err("a credential's key is its id".into()) }
        }
        Class::Expiring { slice_seconds } => {
            let until = table.columns.last().is_some_and(|column| column.kind == ColumnKind::Int && !column.nullable);
            if until && slice_seconds > 0 { Ok(()) } else { Err("the last column is the time a row ends".into()) }
        }
        Class::Counted { slice_seconds, kept_seconds } => {
            let at = table.columns.first().is_some_and(|column| column.kind == ColumnKind::Int);
            if at && slice_seconds > 0 && kept_seconds >= 0 {
                Ok(())
            } else {
                Err("the first column is the time of what is counted".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIRST: Table =
        Table { name: "thing", columns: &[Column::text("id"), Column::int("size")], key: 1, indexes: &[], class: Class::Authority };
    static NOTE: Column = Column::text("note").or_null();
    static BY_SIZE: Index = Index { name: "thing_by_size", columns: &[1], unique: false };
    static NOW: Table = Table { name: "thing", columns: &[Column::int("never")], key: 1, indexes: &[], class: Class::Authority };
    static SECOND: Table = Table {
        name: "thing",
        columns: &[Column::text("id"), Column::int("size"), Column::text("note").or_null()],
        key: 1,
        indexes: &[Index { name: "thing_by_size", columns: &[1], unique: false }],
        class: Class::Authority,
    };
    static MIGRATIONS: [Migration; 2] = [
        Migration { version: 1, steps: &[Step::CreateTables(&FIRST_ONLY)] },
        Migration {
            version: 2,
            steps: &[Step::AddColumn { table: "thing", column: &NOTE }, Step::CreateIndex { table: "thing", index: &BY_SIZE }],
        },
    ];

    static FIRST_ONLY: [&Table; 2] = [&FIRST, &MARK];
    static NOW_ONLY: [&Table; 2] = [&NOW, &MARK];
    static SECOND_ONLY: [&Table; 2] = [&SECOND, &MARK];
    static SECOND_TWICE: [&Table; 3] = [&SECOND, &SECOND, &MARK];
    static MARK_ONLY: [&Table; 1] = [&MARK];
    static EARLY: [Migration; 1] =
        [Migration { version: 1, steps: &[Step::AddColumn { table: "thing", column: &NOTE }, Step::CreateTables(&FIRST_ONLY)] }];

    fn schema(version: u32, tables: &'static [&'static Table], migrations: &'static [Migration]) -> Schema {
        Schema { version, tables, migrations }
    }

    #[test]
    fn migrations_lead_to_the_fresh_schema() {
        assert_eq!(schema(2, &SECOND_ONLY, &MIGRATIONS).validate(), Ok(()));
        crate::conformance::SCHEMA.validate().unwrap();
    }

    #[test]
    fn a_schema_that_its_migrations_do_not_make_is_refused() {
        let check = |schema: Schema, words: &str| {
            let refused = schema.validate().unwrap_err();
            assert!(refused.contains(words), "{refused}");
        };
        check(schema(2, &NOW_ONLY, &MIGRATIONS), "make another table `thing`");
        check(schema(2, &MARK_ONLY, &MIGRATIONS), "make other tables");
        check(schema(2, &[], &MIGRATIONS), "no place for one-time marks");
        check(schema(1, &SECOND_ONLY, &MIGRATIONS), "needs as many migrations");
        check(schema(2, &SECOND_TWICE, &MIGRATIONS), "two tables");
        check(schema(1, &FIRST_ONLY, &EARLY), "not there yet");
    }
}
