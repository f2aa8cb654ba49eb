//! A folder in which one process at a time makes a store of a backup. It shows whose it is, and nothing of anybody else's is in it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Shows whose such a folder is, and is locked for as long as a process makes something in it.
pub(super) const LOCK: &str = "jeton-restore.lock";
/// What is made.
pub(super) const MADE: &str = "made";
/// How often others may take it away while it is taken.
const ATTEMPTS: usize = 8;

/// Such a folder. With what is in it still, it goes away again.
pub(crate) struct Workplace {
    folder: PathBuf,
    _lock: File,
}

/// Why it was not taken.
pub(super) enum Untaken {
    /// Something of its name is there that is somebody's.
    Somebodys,
    /// Another process is at work in it.
    AtWork,
    /// It cannot be made, or written.
    Failed(io::Error),
}

impl Workplace {
    /// Makes the folder, or takes one that nobody works in any more. What a process that was killed left there is removed.
    pub(super) fn take(folder: PathBuf) -> Result<Workplace, Untaken> {
        let lock = take(&folder)?;
        remove(&folder.join(MADE)).map_err(Untaken::Failed)?;
        Ok(Workplace { folder, _lock: lock })
    }

    /// Takes one for a drill.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn for_drill(folder: PathBuf) -> Result<Workplace, String> {
        let shown = folder.display().to_string();
        Workplace::take(folder).map_err(|untaken| match untaken {
            Untaken::Somebodys => {
                format!("{shown} is there, and no drill made it: it is left as it is. Move it away, or drill in another folder")
            }
            Untaken::AtWork => format!("another drill goes on in {shown}: wait until it ends, or drill in another folder"),
            Untaken::Failed(error) => format!("{shown} cannot be made: {error}. Drill in a folder that you can write"),
        })
    }

    /// Its path.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where something is made.
    pub(crate) fn made(&self) -> PathBuf {
        self.folder.join(MADE)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What could not be removed is named as what it is, and whoever comes next goes on with it.
        let _ = remove(&self.made());
        let _ = fs::remove_file(self.folder.join(LOCK));
        let _ = fs::remove_dir(&self.folder);
    }
}

fn take(folder: &Path) -> Result<File, Untaken> {
    let lock = folder.join(LOCK);
    for _ in 0..ATTEMPTS {
        let is_new = match DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(Untaken::Failed(error)),
        };
        let file = match OpenOptions::new().read(true).write(true).create_new(is_new).mode(0o600).open(&lock) {
            Ok(file) => file,
            Err(error) if is_new && error.kind() != ErrorKind::NotFound => return Err(Untaken::Failed(error)),
            // One that is empty was left by a process that was killed before it put anything there.
            Err(error) if error.kind() == ErrorKind::NotFound && (is_new || fs::remove_dir(folder).is_ok()) => continue,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Err(Untaken::Somebodys),
            Err(error) => return Err(Untaken::Failed(error)),
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if is_at(&file, &lock) => return Ok(file),
            // Whoever had it has ended, and taken it away.
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(Untaken::AtWork),
            Err(error) => return Err(Untaken::Failed(error.into())),
        }
    }
    Err(Untaken::AtWork)
}

/// Whether a file is the one at this path, and not one that was there.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(found)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (held.dev(), held.ino()) == (found.dev(), found.ino())
}

/// Removes a folder, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_drill_that_was_killed_left_goes_and_what_is_somebodys_stays() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join(".jeton.drill");
        fs::create_dir_all(folder.join(MADE)).unwrap();
        fs::write(folder.join(MADE).join("jeton.db"), "in the clear").unwrap();
        fs::write(folder.join(LOCK), "").unwrap();
        let taken = Workplace::for_drill(folder.clone()).unwrap();
        assert!(!taken.made().exists());
        assert!(Workplace::for_drill(folder.clone()).is_err_and(|words| words.contains("another drill")));
        fs::create_dir(taken.made()).unwrap();
        drop(taken);
        assert!(!folder.exists());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("thesis.txt"), "the only copy").unwrap();
        assert!(Workplace::for_drill(folder.clone()).is_err_and(|words| words.contains("no drill made it")));
        assert_eq!(fs::read_to_string(folder.join("thesis.txt")).unwrap(), "the only copy");
    }
}
