//! The data folder: its lock, its files, and how a new one is made.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jeton_store::ledger::Head;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::connection::{self, APPLICATION_ID, PAGE_BYTES};
use crate::header::{self, Found};
use crate::ledger;
use crate::migration;
use crate::options::Options;
use crate::refused::OpenError;
use crate::reserve::{Reserve, grow_with_zeros};

/// A data folder that this process alone has.
pub(crate) struct Folder {
    /// The database.
    pub(crate) database: PathBuf,
    _lock: File,
}

/// A data folder as it was found: locked where it has a lock, and untouched.
pub(crate) struct Inspected {
    found: Found,
    lock: Option<File>,
}

impl Inspected {
    /// Its database, where it has one, and whether the log was used.
    pub(crate) fn database(&self, options: &Options) -> Option<(PathBuf, bool)> {
        match self.found {
            Found::Nothing => None,
            Found::Database { log_length } => Some((database_in(&options.folder), log_length > 0)),
        }
    }
}

/// Makes what the folder lacks, its lock and its database too.
pub(crate) fn make_ready(options: &Options, inspected: Inspected, first_head: impl FnOnce() -> Head) -> Result<Folder, OpenError> {
    let folder = &options.folder;
    let Inspected { found, lock } = inspected;
    let (database, log, lock_path) = (database_in(folder), log_in(folder), lock_in(folder));
    let lock = match lock {
        Some(lock) => lock,
        None => {
            make_folder(folder)?;
            let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&lock_path);
            let lock = self::lock(made.map_err(|error| OpenError::of_io(&lock_path, &error))?, folder)?;
            // Nobody was kept out until now.
            if header::inspect(&database, &log, options.schema.version)? != found {
                return Err(OpenError::InUse(folder.display().to_string()));
            }
            lock
        }
    };
    let reserve = Reserve::new(folder, options.reserve_bytes);
    if found == Found::Nothing {
        reserve.keep().map_err(|error| OpenError::of_io(folder, &error))?;
    }
    grow_log(&log, options.log_bytes, &reserve)?;
    if found == Found::Nothing {
        create(options, &database, &first_head())?;
    }
    Ok(Folder { database, _lock: lock })
}

/// Locks a folder that has a database already, and leaves all else as it is.
pub(crate) fn take_existing(options: &Options) -> Result<(PathBuf, Option<File>), OpenError> {
    let inspected = inspect(options)?;
    match inspected.database(options) {
        None => Err(OpenError::Foreign(format!("{} (there is no jeton.db in it)", options.folder.display()))),
        Some((database, _)) => Ok((database, inspected.lock)),
    }
}

/// Grows the log again that a clean end has emptied, so that the next start need not.
pub(crate) fn grow_log_again(database: &Path, bytes: u64) -> io::Result<()> {
    let log = log_of(database);
    let length = fs::metadata(&log)?.len();
    if length == 0 { grow_with_zeros(&log, 0, bytes) } else { Ok(()) }
}

/// The write-ahead log of a database.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// Looks at the files, and takes the lock first where there is one: what a running process writes is not for others to judge.
pub(crate) fn inspect(options: &Options) -> Result<Inspected, OpenError> {
    let (folder, lock_path) = (&options.folder, lock_in(&options.folder));
    let lock = match File::options().read(true).write(true).open(&lock_path) {
        Ok(file) => Some(lock(file, folder)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(OpenError::of_io(&lock_path, &error)),
    };
    let log = log_in(folder);
    let found = header::inspect(&database_in(folder), &log, options.schema.version)?;
    match found {
        Found::Database { log_length } if log_length > 0 && log_length < options.log_bytes => {
            Err(OpenError::CutOff(format!("{} has {log_length} bytes of at least {}", log.display(), options.log_bytes)))
        }
        Found::Nothing => refuse_remains(folder).map(|()| Inspected { found, lock }),
        Found::Database { .. } => Ok(Inspected { found, lock }),
    }
}

/// What lies in a folder only once its database was opened: a first start that was cut short leaves none of it.
const LEFT_BY_USE: [&str; 3] = ["jeton.db-shm", "jeton.negatives", "jeton.sock"];

/// A folder that was used and has no database lost it: an empty one in its place would know of no revocation.
fn refuse_remains(folder: &Path) -> Result<(), OpenError> {
    let is_there = |name: &&str| fs::symlink_metadata(folder.join(name)).is_ok();
    match LEFT_BY_USE.into_iter().find(is_there) {
        Some(name) => Err(OpenError::CutOff(format!("{} is gone, but {name} is there", database_in(folder).display()))),
        None => Ok(()),
    }
}

fn database_in(folder: &Path) -> PathBuf {
    folder.join("jeton.db")
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("jeton.db-wal")
}

fn lock_in(folder: &Path) -> PathBuf {
    folder.join("jeton.lock")
}

fn lock(file: File, folder: &Path) -> Result<File, OpenError> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(OpenError::InUse(folder.display().to_string())),
        Err(error) => Err(OpenError::of_io(folder, &error.into())),
    }
}

fn make_folder(folder: &Path) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| OpenError::of_io(folder, &error))
}

/// Grows the write-ahead log to its size: a log that grows with each commit costs an update of the file system's own log each time.
fn grow_log(log: &Path, bytes: u64, reserve: &Reserve) -> Result<(), OpenError> {
    let length = fs::metadata(log).map_or(0, |metadata| metadata.len());
    if length >= bytes {
        return Ok(());
    }
    let grown = grow_with_zeros(log, length, bytes).or_else(|_| {
        reserve.release();
        grow_with_zeros(log, fs::metadata(log).map_or(0, |metadata| metadata.len()), bytes)
    });
    grown.map_err(|error| {
        // Half a log would look like one that was cut off.
        let _ = File::options().write(true).open(log).and_then(|file| file.set_len(length));
        OpenError::of_io(log, &error)
    })
}

/// Makes the database beside its place and moves it there, so that it is there whole or not at all.
fn create(options: &Options, database: &Path, head: &Head) -> Result<(), OpenError> {
    let fresh = database.with_extension("db.new");
    let fill = || -> Result<(), OpenError> {
        let _ = fs::remove_file(&fresh);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(|error| OpenError::of_io(&fresh, &error))?;
        let sqlite = |error: rusqlite::Error| OpenError::of_sqlite(&fresh, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&fresh, flags).map_err(sqlite)?;
        connection.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}")).map_err(sqlite)?;
        connection::set_up(&connection, 1_024).map_err(sqlite)?;
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; BEGIN;")).map_err(sqlite)?;
        migration::create(&connection, options.schema).map_err(|error| match error {
            migration::Failure::Schema(words) => OpenError::Schema(words),
            migration::Failure::Sqlite(error) => sqlite(error),
        })?;
        connection.prepare(ledger::SET_HEAD).and_then(|mut statement| ledger::set_head(&mut statement, head)).map_err(sqlite)?;
        connection.execute_batch("COMMIT").map_err(sqlite)?;
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(sqlite)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
        connection.close().map_err(|(_, error)| sqlite(error))
    };
    fill()?;
    let moved = File::open(&fresh)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&fresh, database))
        .and_then(|()| File::open(&options.folder)?.sync_all());
    moved.map_err(|error| OpenError::of_io(database, &error))
}
