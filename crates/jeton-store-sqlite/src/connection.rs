//! Connections: how each one is set up.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result};

/// What marks a file as Jeton's: "JTON".
pub(crate) const APPLICATION_ID: i32 = 0x4a54_4f4e;

/// Bytes of a page.
pub(crate) const PAGE_BYTES: u64 = 8_192;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Writing: the only one that does.
    Write,
    /// Reading.
    Read,
    /// Copying the write-ahead log into the database.
    Checkpoint,
}

/// Opens a connection to a database that exists.
pub(crate) fn open(path: &Path, purpose: Purpose, cache_kib: u32) -> Result<Connection> {
    // One thread has each connection, so that SQLite needs no lock around it.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(&connection, cache_kib)?;
    if purpose == Purpose::Read {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

/// What holds for every connection.
pub(crate) fn set_up(connection: &Connection, cache_kib: u32) -> Result<()> {
    // The log keeps its place and its size: the pages it was grown to are not paid for again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -{cache_kib};"
    ))
}
