//! What a group needs of an engine's transaction.

use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Row, Table};

use crate::ledger::{Entry, Hash, Head};
use crate::store::Fault;

/// A transaction of an engine, as a group needs it.
pub trait Transaction {
    /// Whether the store has this table: those of before version 9 keep what an entry says with it, and no changes.
    fn keeps(&self, table: &'static Table) -> bool;

    /// The version of the row with that key; in a sliced table the newest of all slices.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn version(&mut self, table: &'static Table, key: &Key) -> Result<Option<Sequence>, Fault>;

    /// Key and version of the rows under a prefix of an index, at most `limit`.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn range(&mut self, table: &'static Table, index: usize, prefix: &Key, limit: usize) -> Result<Vec<(Key, Sequence)>, Fault>;

    /// The key of the row that has these values in all columns of an index.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn holder(&mut self, table: &'static Table, index: usize, values: &Key) -> Result<Option<Key>, Fault>;

    /// Inserts or replaces a row; in a sliced table, within its slice.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn put(&mut self, table: &'static Table, row: &Row, version: Sequence, checksum: i64) -> Result<(), Fault>;

    /// Inserts a row of a credential table, unless its key exists; whether it did.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn issue(&mut self, table: &'static Table, row: &Row, version: Sequence, checksum: i64) -> Result<bool, Fault>;

    /// Deletes a row of a table that is not sliced, if it exists.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn delete(&mut self, table: &'static Table, key: &Key) -> Result<(), Fault>;

    /// Appends an entry.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn append(&mut self, entry: &Entry, leaf: &Hash) -> Result<(), Fault>;

    /// Whether rows that are deleted from now on are overwritten where they lay, and not only taken off a list.
    ///
    /// # Errors
    /// When the engine cannot do so.
    fn overwrite(&mut self, is_on: bool) -> Result<(), Fault>;

    /// Erases what an entry says, which is kept until `until`. One that says nothing any more is left as it is.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn erase(&mut self, sequence: Sequence, until: i64) -> Result<(), Fault>;

    /// Replaces the head.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn set_head(&mut self, head: &Head) -> Result<(), Fault>;
}
