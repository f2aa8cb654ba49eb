//! A folder that goes away again unless it is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Such a folder; it need not be there yet.
pub(crate) struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

impl Scratch {
    /// At this path. What a process that was killed left there is removed.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn at(path: PathBuf) -> Result<Scratch, String> {
        remove(&path).map_err(|error| format!("{} is in the way: {error}", path.display()))?;
        Ok(Scratch { path, is_kept: false })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It has another name by now, and stays.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // What could not be removed is named as what it is, and in nobody's way.
            let _ = remove(&self.path);
        }
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
