//! The database as it was before its tables were brought up to date: the way back to the program that wrote it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::refused::OpenError;

const BEFORE: &str = "jeton.version-";
const AFTER: &str = ".db";

/// Keeps a database of this version beside itself, whole and on the disk, in place of what an earlier upgrade kept.
pub(crate) fn keep(connection: &Connection, database: &Path, version: u32) -> Result<PathBuf, OpenError> {
    let kept = database.with_file_name(format!("{BEFORE}{version}{AFTER}"));
    let fresh = database.with_file_name("jeton.kept.new");
    let folder = database.parent().unwrap_or(Path::new("."));
    let failed = |error: io::Error| OpenError::of_io(&kept, &error);
    remove(&fresh).map_err(failed)?;
    // SQLite takes a file that is there and empty; one that it makes others could read.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(failed)?;
    let copied = connection.execute("VACUUM INTO ?1", [fresh.to_string_lossy()]).map_err(|error| OpenError::of_sqlite(&kept, &error));
    let put = copied.and_then(|_| put_in_place(&fresh, &kept, folder).map_err(failed));
    if put.is_err() {
        // Half a copy is in nobody's way: the next start begins with it.
        let _ = fs::remove_file(&fresh);
    }
    put?;
    for other in kept_in(folder).map_err(failed)?.into_iter().filter(|other| *other != kept) {
        remove(&other).map_err(failed)?;
    }
    Ok(kept)
}

/// What upgrades have kept in a data folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn kept_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let version = path.file_name().and_then(|name| name.to_str()?.strip_prefix(BEFORE)?.strip_suffix(AFTER)?.parse::<u32>().ok());
        if version.is_some() {
            kept.push(path);
        }
    }
    Ok(kept)
}

fn put_in_place(fresh: &Path, kept: &Path, folder: &Path) -> io::Result<()> {
    File::open(fresh)?.sync_all()?;
    fs::rename(fresh, kept)?;
    File::open(folder)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
