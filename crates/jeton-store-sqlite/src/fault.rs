//! What SQLite's errors mean to whoever waits.

use jeton_store::checksum;
use jeton_store::store::{Fault, FaultKind};
use rusqlite::{Error, ErrorCode, ffi};

/// The fault of an error met at `table`.
pub(crate) fn fault(error: &Error, table: &str) -> Fault {
    match error {
        Error::SqliteFailure(failure, _) if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            checksum::damaged(table)
        }
        Error::SqliteFailure(..) => Fault::new(FaultKind::Engine, format!("SQLite at table `{table}`: {error}")),
        // A value that is not what its column holds.
        Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::Utf8Error(..) | Error::IntegralValueOutOfRange(..) => {
            checksum::damaged(table)
        }
        _ => Fault::new(FaultKind::Engine, format!("SQLite at table `{table}`: {error}")),
    }
}

/// Whether the disk had no room.
pub(crate) fn is_full(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => failure.code == ErrorCode::DiskFull || failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE,
        _ => false,
    }
}

/// Whether reading or writing the disk failed; at a commit it is then not known what the disk holds.
pub(crate) fn is_io(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _) if failure.code == ErrorCode::SystemIoFailure)
}

/// Whether an fsync failed.
pub(crate) fn is_fsync(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _)
        if matches!(failure.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}
