//! Rows in maps, in the order that engines keep.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::record::{Key, Row, Table, Value, Versioned};
use jeton_core::schema::CONTENT;

use crate::find::{Direction, Find};
use crate::group::Transaction;
use crate::ledger::entry::Content;
use crate::ledger::{Entry, Hash, Head};
use crate::note;
use crate::row::{compare, compare_all, equal, key_of};
use crate::store::{Fault, FaultKind};
use crate::table::Schema;

/// Everything the engine keeps.
#[derive(Clone)]
pub(super) struct Rows {
    tables: BTreeMap<&'static str, Slices>,
    /// The entries without what they say, which is a row of its own.
    pub(super) entries: Vec<Entry>,
    pub(super) head: Head,
}

type Slices = BTreeMap<i64, BTreeMap<Ordered, Versioned<Row>>>;

impl Rows {
    pub(super) fn new(schema: &Schema, head: Head) -> Rows {
        Rows { tables: schema.tables.iter().map(|table| (table.name, Slices::new())).collect(), entries: Vec::new(), head }
    }

    pub(super) fn get(&self, table: &'static Table, key: &Key) -> Result<Option<&Versioned<Row>>, Fault> {
        let key = Ordered(key.iter().map(canonical).collect());
        let found = self.slices(table)?.values().filter_map(|slice| slice.get(&key));
        Ok(found.max_by_key(|row| row.version))
    }

    pub(super) fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        let columns = table.indexes.get(index).ok_or_else(|| missing(table, "index of that number"))?.columns;
        let place =
            |row: &Row| -> Key { columns.iter().filter_map(|column| row.get(*column).cloned()).chain(key_of(table, row)).collect() };
        let mut rows: Vec<_> = self
            .slices(table)?
            .values()
            .flat_map(BTreeMap::values)
            .map(|row| (place(&row.record), row))
            .filter(|(place, _)| place.get(..prefix.len()).is_some_and(|leading| equal(leading, prefix)))
            .collect();
        rows.sort_by(|(left, _), (right, _)| compare_all(left, right));
        if let Some(after) = after {
            let after = self.place_after(table, columns.len() > prefix.len(), prefix, after, place)?;
            rows.retain(|(place, _)| compare_all(place, &after).is_gt());
        }
        Ok(rows.into_iter().take(limit).map(|(_, row)| row.clone()).collect())
    }

    /// The place to go on after: where the prefix leaves columns of the index open, only the row itself knows them.
    fn place_after(&self, table: &'static Table, open: bool, prefix: &Key, after: &Key, place: impl Fn(&Row) -> Key) -> Result<Key, Fault> {
        if open {
            return self.get(table, after)?.map(|row| place(&row.record)).ok_or_else(|| missing(table, "row to go on after"));
        }
        Ok(prefix.iter().chain(after).cloned().collect())
    }

    pub(super) fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        let order = find.order().ok_or_else(|| missing(find.table, "order of that kind"))?;
        let rows = self.slices(find.table)?.values().flat_map(BTreeMap::values);
        let mut found: Vec<_> = rows.filter_map(|row| Some((place(find, &order, &row.record)?, row))).collect();
        found.sort_by(|(left, _), (right, _)| match find.direction {
            Direction::Forward => compare_all(left, right),
            Direction::Backward => compare_all(right, left),
        });
        Ok(found.into_iter().take(find.limit).map(|(_, row)| row.clone()).collect())
    }

    /// Puts rows as they are: of usage, or damaged.
    pub(super) fn put_all(&mut self, rows: Vec<(&'static Table, &Row)>) -> Result<(), Fault> {
        rows.into_iter().try_for_each(|(table, row)| self.put(table, row, note::VERSION, 0))
    }

    pub(super) fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        let from = Ordered(prefix.iter().map(canonical).collect());
        let begins = |key: &Ordered| key.0.get(..prefix.len()).is_some_and(|leading| equal(leading, prefix));
        let of_slice = |slice: &BTreeMap<Ordered, Versioned<Row>>| {
            let rows = slice.range(from.clone()..).take_while(|(key, _)| begins(key));
            rows.map(|(_, row)| row.clone()).collect::<Vec<_>>()
        };
        Ok(self.slices(table)?.values().flat_map(of_slice).take(limit).collect())
    }

    /// An entry and what it says, where that is still kept.
    pub(super) fn entry(&self, entry: &Entry) -> Result<Entry, Fault> {
        if entry.content.is_some() || !self.tables.contains_key(CONTENT.name) {
            return Ok(entry.clone());
        }
        let found = self.get(&CONTENT, &vec![Value::Int(entry.sequence.cast_signed())])?;
        Ok(Entry { content: found.and_then(|row| Content::from_row(&row.record)), ..entry.clone() })
    }

    /// Rows from a place on, in the order of slices and keys.
    pub(super) fn walk(
        &self,
        table: &'static Table,
        above: Option<&Key>,
        after: Option<&Row>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        let above = above.map(|key| Ordered(key.iter().map(canonical).collect()));
        let place = after.map(|row| (table.slice_of_row(row), Ordered(key_of(table, row).iter().map(canonical).collect())));
        let slices = self.slices(table)?.iter();
        let rows = slices.flat_map(|(slice, rows)| rows.iter().map(move |(key, row)| (slice, key, row)));
        let is_behind = |slice: &i64, key: &Ordered| place.as_ref().is_none_or(|(of, after)| slice > of || (slice == of && key > after));
        let is_above = |key: &Ordered| above.as_ref().is_none_or(|above| key > above);
        Ok(rows.filter(|(slice, key, _)| is_above(key) && is_behind(slice, key)).take(limit).map(|(_, _, row)| row.clone()).collect())
    }

    pub(super) fn scan(&self, table: &'static Table) -> Result<impl Iterator<Item = &Versioned<Row>>, Fault> {
        Ok(self.slices(table)?.values().flat_map(BTreeMap::values))
    }

    pub(super) fn drop_expired(&mut self, schema: &Schema, now: Time) -> u64 {
        let mut dropped = 0;
        for table in schema.tables.iter() {
            let Some(slices) = self.tables.get_mut(table.name) else { continue };
            slices.retain(|slice, rows| {
                let over = table.is_slice_over(*slice, now.seconds());
                dropped += if over { rows.len() as u64 } else { 0 };
                !over
            });
        }
        dropped
    }

    fn slices(&self, table: &'static Table) -> Result<&Slices, Fault> {
        self.tables.get(table.name).ok_or_else(|| missing(table, "place in the schema"))
    }

    fn slice(&mut self, table: &'static Table, slice: i64) -> Result<&mut BTreeMap<Ordered, Versioned<Row>>, Fault> {
        let slices = self.tables.get_mut(table.name).ok_or_else(|| missing(table, "place in the schema"))?;
        Ok(slices.entry(slice).or_default())
    }
}

impl Transaction for Rows {
    fn keeps(&self, table: &'static Table) -> bool {
        self.tables.contains_key(table.name)
    }

    fn version(&mut self, table: &'static Table, key: &Key) -> Result<Option<Sequence>, Fault> {
        Ok(self.get(table, key)?.map(|row| row.version))
    }

    fn range(&mut self, table: &'static Table, index: usize, prefix: &Key, limit: usize) -> Result<Vec<(Key, Sequence)>, Fault> {
        let rows = Rows::range(self, table, index, prefix, None, limit)?;
        Ok(rows.into_iter().map(|row| (key_of(table, &row.record), row.version)).collect())
    }

    fn holder(&mut self, table: &'static Table, index: usize, values: &Key) -> Result<Option<Key>, Fault> {
        Ok(Rows::range(self, table, index, values, None, 1)?.pop().map(|row| key_of(table, &row.record)))
    }

    fn put(&mut self, table: &'static Table, row: &Row, version: Sequence, _checksum: i64) -> Result<(), Fault> {
        let row: Row = row.iter().map(canonical).collect();
        let key = Ordered(key_of(table, &row));
        self.slice(table, table.slice_of_row(&row))?.insert(key, Versioned { version, record: row });
        Ok(())
    }

    fn issue(&mut self, table: &'static Table, row: &Row, version: Sequence, checksum: i64) -> Result<bool, Fault> {
        if self.get(table, &key_of(table, row))?.is_some() {
            return Ok(false);
        }
        self.put(table, row, version, checksum).map(|()| true)
    }

    fn delete(&mut self, table: &'static Table, key: &Key) -> Result<(), Fault> {
        self.slice(table, 0)?.remove(&Ordered(key.iter().map(canonical).collect()));
        Ok(())
    }

    fn append(&mut self, entry: &Entry, _leaf: &Hash) -> Result<(), Fault> {
        let content = if self.keeps(&CONTENT) { None } else { entry.content.clone() };
        self.entries.push(Entry { content, ..entry.clone() });
        Ok(())
    }

    fn overwrite(&mut self, _is_on: bool) -> Result<(), Fault> {
        Ok(())
    }

    fn erase(&mut self, sequence: Sequence, until: i64) -> Result<(), Fault> {
        let key = Ordered(vec![Value::Int(sequence.cast_signed())]);
        self.slice(&CONTENT, CONTENT.slice_of_row(&vec![Value::Int(until)]))?.remove(&key);
        Ok(())
    }

    fn set_head(&mut self, head: &Head) -> Result<(), Fault> {
        self.head = head.clone();
        Ok(())
    }
}

/// Where a row stands in an order, behind the prefix; `None`: it is not looked for.
fn place(find: &Find<'_>, order: &[usize], row: &Row) -> Option<Key> {
    let mut place: Key = order.iter().filter_map(|column| row.get(*column).cloned()).collect();
    let open = place.split_off(find.prefix.len().min(place.len()));
    let next = open.first()?;
    let is_within = equal(&place, find.prefix)
        && find.from.is_none_or(|from| compare(next, from).is_ge())
        && find.until.is_none_or(|until| compare(next, until).is_lt());
    let is_ahead = find.after.is_none_or(|after| match find.direction {
        Direction::Forward => compare_all(&open, after).is_gt(),
        Direction::Backward => compare_all(&open, after).is_lt(),
    });
    (is_within && is_ahead).then_some(open)
}

/// A key in the order of [`compare_all`].
#[derive(Clone)]
struct Ordered(Key);

impl Ord for Ordered {
    fn cmp(&self, other: &Ordered) -> Ordering {
        compare_all(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Ordered) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Ordered) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

/// The form in which an engine gives a value back.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Bytes(bytes) => Value::bytes(bytes),
        other => other.clone(),
    }
}

fn missing(table: &Table, what: &str) -> Fault {
    Fault::new(FaultKind::Engine, format!("table `{}` has no {what}", table.name))
}
