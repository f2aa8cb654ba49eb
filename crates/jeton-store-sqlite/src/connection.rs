//! Connections: how each one is set up.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result};

/// What marks a file as Jeton's: "JTON".
pub(crate) const APPLICATION_ID: i32 = 0x4a54_4f4e;

/// Bytes of a page.
pub(crate) const PAGE_BYTES: u64 = 8_192;

/// How long a connection waits for another one that holds what it needs.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);

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

/// Opens a connection that changes no byte of the folder: no lock, no index of the log beside the database, and the log is read only where
/// it `is_log_used`. For whoever has the folder to itself; what another program writes meanwhile is read half.
pub(crate) fn open_to_look(path: &Path, is_log_used: bool) -> Result<Connection> {
    // A log that was not used need not be there, and would be made; one that was used is read with an index in memory.
    let how = if is_log_used { "vfs=unix-none" } else { "immutable=1" };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{}?{how}", escaped(path)), flags)?;
    // First: whatever reads the database before would want the log's index in a file.
    connection.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    set_up(&connection, LOOK_CACHE_KIB)?;
    Ok(connection)
}

const LOOK_CACHE_KIB: u32 = 256;

/// A path within a URI: slashes too, for two at its beginning would name a machine.
fn escaped(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes().iter();
    bytes.fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(*byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(text, "%{byte:02x}");
        }
        text
    })
}

/// What holds for every connection.
pub(crate) fn set_up(connection: &Connection, cache_kib: u32) -> Result<()> {
    // The log keeps its place and its size: the pages it was grown to are not paid for again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -{cache_kib};"
    ))
}
