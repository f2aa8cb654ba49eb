//! The image of the negatives in the data folder: written at a clean end, read at the next start, of no harm when it is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Reads it; `None` when there is none that can be read.
pub(crate) fn read(data: &Path) -> Option<Vec<u8>> {
    fs::read(path(data)).ok()
}

/// Writes it beside its place and moves it there. Not synced: what a lost write leaves does not open, and the rows are read then.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(data: &Path, image: &[u8]) -> io::Result<()> {
    let (path, fresh) = (path(data), data.join("jeton.negatives.new"));
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?.write_all(image)?;
    fs::rename(&fresh, &path)
}

fn path(data: &Path) -> PathBuf {
    data.join("jeton.negatives")
}
