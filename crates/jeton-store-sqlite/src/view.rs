//! Views: read transactions on connections of a small pool.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::commit::Sequence;
use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_store::find::Find;
use jeton_store::store::{Fault, FaultKind, View};
use rusqlite::Connection;

use crate::connection::{self, Purpose};
use crate::fault::fault;
use crate::ledger::HEAD;
use crate::read;
use crate::slices::Slices;
use crate::statements::Statements;

/// Connections that wait for the next view.
pub(crate) struct Pool {
    database: PathBuf,
    cache_kib: u32,
    idle: Mutex<Vec<Connection>>,
}

/// Connections kept open; more are opened when needed and closed again.
const IDLE_MAX: usize = 3;

impl Pool {
    pub(crate) fn new(database: PathBuf, cache_kib: u32) -> Pool {
        Pool { database, cache_kib, idle: Mutex::new(Vec::new()) }
    }

    /// A connection that is put back when it is dropped.
    pub(crate) fn take(&self) -> Result<Pooled<'_>, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open(&self.database, Purpose::Read, self.cache_kib).map_err(|error| fault(&error, HEAD))?,
        };
        Ok(Pooled { pool: self, connection: Some(connection) })
    }
}

/// A connection out of the pool.
pub(crate) struct Pooled<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Pooled<'_> {
    pub(crate) fn connection(&self) -> Result<&Connection, Fault> {
        self.connection.as_ref().ok_or_else(|| Fault::new(FaultKind::Closed, "the view is over"))
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !connection.is_autocommit() && connection.execute_batch("COMMIT").is_err() {
            return;
        }
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }
}

/// A read transaction.
pub(crate) struct SqliteView<'p> {
    pooled: Pooled<'p>,
    slices: Arc<Slices>,
    as_of: Sequence,
}

impl<'p> SqliteView<'p> {
    /// Begins one. The slices are asked for once it has begun, so that none it sees is missing.
    pub(crate) fn begin(pool: &'p Pool, slices: impl FnOnce() -> Arc<Slices>) -> Result<SqliteView<'p>, Fault> {
        let pooled = pool.take()?;
        let begin = |connection: &Connection| -> rusqlite::Result<i64> {
            connection.execute_batch("BEGIN")?;
            connection.query_row("SELECT \"size\" FROM \"ledger_head\"", [], |row| row.get(0))
        };
        let size = begin(pooled.connection()?).map_err(|error| fault(&error, HEAD))?;
        Ok(SqliteView { pooled, slices: slices(), as_of: u64::try_from(size).unwrap_or(0) })
    }
}

impl View for SqliteView<'_> {
    fn as_of(&self) -> Sequence {
        self.as_of
    }

    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        read::get(&mut Statements::new(self.pooled.connection()?), &self.slices, table, key)
    }

    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        read::range(self.pooled.connection()?, table, index, prefix, after, limit)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        read::find(self.pooled.connection()?, find)
    }

    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        read::starting_with(self.pooled.connection()?, &self.slices, table, prefix, limit)
    }

    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        read::walk(self.pooled.connection()?, &self.slices, table, above, after, limit)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        read::scan(self.pooled.connection()?, &self.slices, table, each)
    }
}
