//! The port of a restore: what an engine offers to whoever makes a store of rows and entries that come from elsewhere.

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::record::{Key, Row, Table, Versioned};

use crate::ledger::entry::Content;
use crate::ledger::{Entry, Frontier, Hash};
use crate::line::RowLine;
use crate::store::Fault;

/// A store in the making. Nobody else has it.
pub trait Load: Send {
    /// Puts rows, each unless there is a newer one of its key.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn put(&mut self, rows: &[RowLine]) -> Result<(), Fault>;

    /// Deletes a row, unless it was written by a later commit than this one.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn delete(&mut self, table: &'static Table, key: &Key, sequence: Sequence) -> Result<(), Fault>;

    /// Appends the next entries of the ledger.
    ///
    /// # Errors
    /// When they are not the next ones, or the engine cannot write.
    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault>;

    /// Erases what an entry says, if it is there; with a commitment, only of the entry that has it. What it said.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn erase(&mut self, sequence: Sequence, commitment: Option<&Hash>) -> Result<Option<Content>, Fault>;

    /// Nothing that was put and deleted again may be found in what is made.
    fn leave_no_trace(&mut self);

    /// The ledger as far as it was appended, and the time of its last entry.
    fn ledger(&self) -> (&Frontier, Time);

    /// Every row of a table as it is now.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault>;
}
