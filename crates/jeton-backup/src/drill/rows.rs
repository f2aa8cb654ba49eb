//! The rows of a table, one after another, a few thousand of them in a transaction.

use std::collections::VecDeque;

use jeton_core::record::{Row, Table, Versioned};
use jeton_store::store::Store;

use crate::failure::Failure;

/// How much one transaction reads.
pub(super) const AT_A_TIME: usize = 2_000;

/// The rows of a table, in the order of its slices and keys.
pub(super) struct Rows<'a> {
    store: &'a dyn Store,
    table: &'static Table,
    read: VecDeque<Versioned<Row>>,
    after: Option<Row>,
    is_end: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(store: &'a dyn Store, table: &'static Table) -> Rows<'a> {
        Rows { store, table, read: VecDeque::new(), after: None, is_end: false }
    }

    pub(super) fn peek(&mut self) -> Result<Option<&Versioned<Row>>, Failure> {
        if self.read.is_empty() && !self.is_end {
            let rows = self.store.view()?.walk(self.table, None, self.after.as_ref(), AT_A_TIME)?;
            self.is_end = rows.len() < AT_A_TIME;
            if let Some(last) = rows.last() {
                self.after = Some(last.record.clone());
            }
            self.read = rows.into();
        }
        Ok(self.read.front())
    }

    pub(super) fn next(&mut self) -> Result<Option<Versioned<Row>>, Failure> {
        self.peek()?;
        Ok(self.read.pop_front())
    }
}
