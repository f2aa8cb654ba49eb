//! Which slices of which tables there are.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::record::{Class, Key, Table};
use jeton_store::sql;
use jeton_store::table::Schema;

/// The slices that exist, by table; a table that is not sliced has slice 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slices(BTreeMap<&'static str, BTreeSet<i64>>);

impl Slices {
    /// The slices among the names of physical tables.
    pub(crate) fn among(schema: &Schema, names: &[String]) -> Slices {
        let of_table = |table: &Table| names.iter().filter_map(|name| sql::slice_of_name(table, name)).collect();
        Slices(schema.tables.iter().map(|table| (table.name, of_table(table))).collect())
    }

    /// Whether the schema has the table.
    pub(crate) fn knows(&self, table: &Table) -> bool {
        self.0.contains_key(table.name)
    }

    /// Whether the slice exists.
    pub(crate) fn contains(&self, table: &Table, slice: i64) -> bool {
        self.0.get(table.name).is_some_and(|slices| slices.contains(&slice))
    }

    pub(crate) fn insert(&mut self, table: &Table, slice: i64) {
        self.0.entry(table.name).or_default().insert(slice);
    }

    pub(crate) fn remove(&mut self, table: &Table, slice: i64) {
        if let Some(slices) = self.0.get_mut(table.name) {
            slices.remove(&slice);
        }
    }

    /// The slices of a table in order.
    pub(crate) fn of(&self, table: &Table) -> impl DoubleEndedIterator<Item = i64> {
        self.0.get(table.name).into_iter().flatten().copied()
    }

    /// The slices in which a row of that key, or of a key that begins so, may lie.
    pub(crate) fn of_key(&self, table: &Table, key: &Key) -> impl Iterator<Item = i64> {
        let named = match table.class {
            Class::Credential { .. } | Class::Counted { .. } => key.first().map(|first| table.slice_of_key(first)),
            Class::Authority | Class::Expiring { .. } | Class::Noted => None,
        };
        self.of(table).filter(move |slice| named.is_none_or(|named| named == *slice))
    }
}
