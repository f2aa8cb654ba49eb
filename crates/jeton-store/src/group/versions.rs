//! The versions a group has read or written: most commits of a group stand on the same client and API.

use std::collections::HashMap;
use std::ptr;

use foldhash::fast::RandomState;
use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Table};

use super::transaction::Transaction;
use crate::store::Fault;

/// The versions known of one table, by key; `None` says there is no such row.
type Known = HashMap<Key, Option<Sequence>, RandomState>;

/// The versions known, by table.
#[derive(Default)]
pub(super) struct Versions(Vec<(&'static Table, Known)>);

impl Versions {
    /// The version of a row, read if it is not known.
    pub(super) fn get(&mut self, transaction: &mut dyn Transaction, table: &'static Table, key: &Key) -> Result<Option<Sequence>, Fault> {
        if let Some(known) = self.table(table).get(key) {
            return Ok(*known);
        }
        let version = transaction.version(table, key)?;
        self.set(table, key.clone(), version);
        Ok(version)
    }

    /// Says that a row has this version now.
    pub(super) fn set(&mut self, table: &'static Table, key: Key, version: Option<Sequence>) {
        self.table(table).insert(key, version);
    }

    fn table(&mut self, table: &'static Table) -> &mut Known {
        let place = self.0.iter().position(|(known, _)| ptr::eq(*known, table)).unwrap_or(self.0.len());
        if place == self.0.len() {
            self.0.push((table, Known::default()));
        }
        #[expect(clippy::indexing_slicing, reason = "the place was found, or has just been pushed")]
        &mut self.0[place].1
    }
}
