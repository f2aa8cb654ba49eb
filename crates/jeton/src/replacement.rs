//! A file that is replaced as a whole, so that it is never half written, and that its owner alone can read.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What takes a file's place once it is whole; dropped before that, it leaves nothing behind.
pub(crate) struct Replacement {
    path: PathBuf,
    aside: PathBuf,
    file: File,
    is_in_place: bool,
}

impl Replacement {
    /// Makes room beside a file; beside what it leads to, where it is a link.
    ///
    /// # Errors
    /// When it is not there, or its folder cannot be written.
    pub(crate) fn begin(path: &Path) -> io::Result<Replacement> {
        let path = fs::canonicalize(path)?;
        let mut name = OsString::from(path.file_name().ok_or(io::ErrorKind::IsADirectory)?);
        name.push(".new");
        let aside = path.with_file_name(name);
        // What an attempt left behind may be readable by others.
        fs::remove_file(&aside).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        Ok(Replacement { path, aside, file, is_in_place: false })
    }

    /// Puts this in the place of the file; a power cut leaves the one or the other.
    ///
    /// # Errors
    /// When it cannot be written: the file is as it was, unless its folder alone could not be brought to the disk.
    pub(crate) fn finish(mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()?;
        fs::rename(&self.aside, &self.path)?;
        self.is_in_place = true;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_in_place {
            // The next attempt removes it.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.txt"), folder.path().join("link"));
        assert!(Replacement::begin(&path).is_err(), "there is nothing to replace");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink("a.txt", &link).unwrap();
        fs::write(folder.path().join("a.txt.new"), "left over").unwrap();
        drop(Replacement::begin(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        Replacement::begin(&link).unwrap().finish(b"after").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
    }
}
