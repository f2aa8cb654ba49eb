//! A folder that goes away again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Such a folder; it need not be there yet.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// At this path. What a process that was killed left there is removed.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn at(path: PathBuf) -> Result<Scratch, String> {
        remove(&path).map_err(|error| format!("{} is in the way: {error}", path.display()))?;
        Ok(Scratch { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What could not be removed is named as what it is, and in nobody's way.
        let _ = remove(&self.path);
    }
}

/// Removes a folder, if it is there.
///
/// # Errors
/// When it stays.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
