//! Space set aside, so that authority can be taken away also on a full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

/// The reserve of a data folder.
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
}

/// Room that must be left beside the reserve before it is made again, so that it does not take what was just freed.
const MARGIN_BYTES: u64 = 32 << 20;

/// What a mark may take of it, in bytes: 63 were measured in the database. Marks come in no order, and the log grows with the pages that
/// they touch.
const MARK_BYTES: u64 = 128;

impl Reserve {
    pub(crate) fn new(folder: &Path, bytes: u64) -> Reserve {
        Reserve { path: folder.join("jeton.reserve"), bytes }
    }

    /// How many marks may be set on a full disk: those that fill a quarter of the space. The rest is for what takes authority away.
    pub(crate) fn marks(&self) -> u64 {
        self.bytes / 4 / MARK_BYTES
    }

    /// Whether the space is set aside.
    pub(crate) fn is_kept(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() >= self.bytes)
    }

    /// Sets the space aside.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let made = allocate(&self.path, self.bytes);
        if made.is_err() {
            self.release();
        }
        made
    }

    /// Sets the space aside again once there is room for it and more.
    pub(crate) fn keep_if_room(&self) -> bool {
        let room = statvfs(self.path.parent().unwrap_or(&self.path)).map_or(0, |room| room.f_bavail.saturating_mul(room.f_frsize));
        room >= self.bytes + MARGIN_BYTES && self.keep().is_ok()
    }

    /// Gives the space to whoever writes next.
    pub(crate) fn release(&self) {
        // There may be none any more, which is what is wanted.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes a file of so many bytes that have their place on the disk.
fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(&file, 0, bytes),
        Err(error) => Err(error.into()),
    }
}

/// Grows a file with zeros to so many bytes and makes them durable.
pub(crate) fn grow_with_zeros(path: &Path, from: u64, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    write_zeros(&file, from, bytes)?;
    file.sync_all()
}

fn write_zeros(mut file: &File, from: u64, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut left = bytes.saturating_sub(from);
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(zeros.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    Ok(())
}
