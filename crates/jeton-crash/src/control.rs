//! The page that the harness shares with the shim in the server: each word is one of `struct control` in `shim.c`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::failure::{Doing, Failure};

const WORDS: u64 = 8;

/// The page.
pub(crate) struct Control {
    /// Where it lies.
    pub(crate) path: PathBuf,
    file: File,
}

/// A word of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// How far the wall's clock is wrong, in seconds.
    RealtimeShiftSeconds = 0,
    /// How far the uptime has leapt, in seconds.
    MonotonicShiftSeconds = 1,
    /// Which fsyncs fail: none (0), each (1), or those of the database file alone (2), as they come when its log is copied.
    SyncFails = 2,
    /// How many fsyncs failed.
    SyncsFailed = 3,
    /// Whether the disk is spared: what an fsync covers counts as kept all the same.
    SyncsAreSkipped = 4,
    /// How long an fsync takes, in microseconds, before it covers anything.
    SyncTakesMicros = 5,
    /// Whether an fsync covers nothing, though it says so: a planted fault, which must be found.
    DiskLies = 6,
    /// How many writes to the database file there were, as they come when its log is copied.
    DatabaseWrites = 7,
}

impl Control {
    /// A page of zeros.
    pub(crate) fn new(folder: &Path) -> Result<Control, Failure> {
        let path = folder.join("control");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).doing("making the control page")?;
        file.set_len(8 * WORDS).doing("making the control page")?;
        Ok(Control { path, file })
    }

    /// Sets a word.
    pub(crate) fn set(&self, word: Word, value: i64) -> Result<(), Failure> {
        self.file.write_all_at(&value.to_ne_bytes(), 8 * word as u64).doing("writing the control page")
    }

    /// Reads a word.
    pub(crate) fn get(&self, word: Word) -> Result<i64, Failure> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, 8 * word as u64).doing("reading the control page")?;
        Ok(i64::from_ne_bytes(bytes))
    }
}

impl Control {
    /// A page that exists.
    pub(crate) fn open(path: &Path) -> Result<Control, Failure> {
        let file = OpenOptions::new().read(true).write(true).open(path).doing("opening the control page")?;
        Ok(Control { path: path.to_owned(), file })
    }
}
