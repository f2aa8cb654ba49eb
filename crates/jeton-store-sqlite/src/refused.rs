//! Why a data folder is not opened, in words to act on. Whoever refuses has touched nothing.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a data folder is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// There is something else where Jeton's database would be.
    Foreign(String),
    /// A newer version of Jeton wrote it.
    Newer {
        /// The version of its schema.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// A part of it is missing.
    CutOff(String),
    /// It is not what was written.
    Damaged(String),
    /// Another process has it open.
    InUse(String),
    /// This user may not read or write it.
    Permission(String),
    /// The disk does not do what it must.
    Disk(String),
    /// The tables this program asks for break a rule: its own mistake.
    Schema(String),
}

impl OpenError {
    /// What an error of the file system says about a path.
    pub(crate) fn of_io(path: &Path, error: &io::Error) -> OpenError {
        let words = format!("{}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => OpenError::Permission(words),
            _ => OpenError::Disk(words),
        }
    }

    /// What an error of SQLite says about a path.
    pub(crate) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> OpenError {
        use rusqlite::ErrorCode;
        let words = format!("{}: {error}", path.display());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged(words),
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => OpenError::Permission(words),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse(words),
            _ => OpenError::Disk(words),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Foreign(what) => write!(formatter, "{what} is not Jeton's: give another data folder"),
            OpenError::Newer { found, known } => write!(
                formatter,
                "the data folder was written by a newer Jeton (schema {found}; this one knows {known}): start that version, or go back \
                 to the database that its upgrade kept (docs/operations/upgrade.md)"
            ),
            OpenError::CutOff(what) => write!(formatter, "a part is missing: {what}: restore the data folder from a backup"),
            OpenError::Damaged(what) => write!(
                formatter,
                "{what}: it is not what was written: run `jeton check --full` on a copy, or restore the data folder from a backup"
            ),
            OpenError::InUse(what) => write!(formatter, "{what} is open in another process: stop that one first"),
            OpenError::Permission(what) => {
                write!(formatter, "{what}: run Jeton as the user who owns the data folder, and let that user read and write in it")
            }
            OpenError::Disk(what) => write!(formatter, "{what}: check the disk and its free space"),
            OpenError::Schema(what) => write!(formatter, "this program's tables break a rule: {what}"),
        }
    }
}

impl std::error::Error for OpenError {}
