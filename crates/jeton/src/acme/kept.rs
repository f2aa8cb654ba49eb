//! What is kept of ACME in the data folder: the account's key, and the certificate with its own. Each is sealed under the root key and bound to
//! the directory and the name, so that a copy of the folder alone is of no use, and what a trial directory issued is not shown later.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jeton_core::moment::Moment;
use jeton_core::root_key::RootKeys;
use zeroize::Zeroizing;

/// More is neither an account nor a certificate.
const BYTES_MAX: u64 = 512 * 1024;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The account at the directory, with its key.
    Account,
    /// The private key, the certificate and its chain, in PEM.
    Certificate,
}

/// Where it lies, and what it is bound to.
pub(super) struct Kept {
    path: PathBuf,
    context: String,
}

impl Kept {
    /// In this data folder, for this directory and name.
    pub(super) fn new(data: &Path, what: What, directory: &str, name: &str) -> Kept {
        let what = match what {
            What::Account => "acme-account",
            What::Certificate => "acme-certificate",
        };
        Kept { path: data.join(format!("jeton.{what}")), context: format!("{what} {name} {directory}") }
    }

    /// Reads it; `None` where there is none.
    ///
    /// # Errors
    /// In words for people: it is there and cannot be read, or is for another directory, name or root key.
    pub(super) fn read(&self, root_keys: &RootKeys) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        let failed = |error: io::Error| format!("{} cannot be read: {error}", self.path.display());
        let sealed = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(metadata) if metadata.len() > BYTES_MAX => return Err(format!("{} is too large", self.path.display())),
            Ok(_) => fs::read(&self.path).map_err(failed)?,
        };
        let opened = sealed.split_first_chunk::<2>().and_then(|(epoch, sealed)| {
            let keys = root_keys.epoch(u16::from_be_bytes(*epoch))?;
            keys.open(sealed, self.context.as_bytes()).ok()
        });
        let foreign = || format!("{} is for another directory, name or root key, or is damaged", self.path.display());
        opened.map(Some).ok_or_else(foreign)
    }

    /// Keeps it, whole or not at all.
    ///
    /// # Errors
    /// In words for people.
    pub(super) fn write(&self, root_keys: &RootKeys, clear: &[u8], moment: &mut Moment) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("{} cannot be written: {error}", self.path.display());
        let (epoch, Some(keys)) = root_keys.current() else { return Err(failed(&"there is no root key")) };
        let sealed = keys.seal(clear, self.context.as_bytes(), moment).map_err(|error| failed(&error))?;
        let fresh = self.path.with_extension("acme-new");
        // What an attempt left behind may be readable by others.
        let _ = fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(|error| failed(&error))?;
        let written = file.write_all(&epoch.to_be_bytes()).and_then(|()| file.write_all(&sealed)).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&fresh, &self.path)).map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use jeton_core::moment::Time;

    use super::*;

    fn root_keys(secrets: &[(u16, u8)]) -> RootKeys {
        RootKeys::new(secrets.iter().map(|(epoch, byte)| (*epoch, Zeroizing::new([*byte; 32])))).unwrap()
    }

    fn kept(folder: &Path, directory: &str, name: &str) -> Kept {
        Kept::new(folder, What::Account, directory, name)
    }

    #[test]
    fn it_opens_for_its_directory_name_and_root_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (own, first) = (kept(folder.path(), "https://a", "id.example"), root_keys(&[(1, 1)]));
        assert_eq!(own.read(&first), Ok(None));
        let mut moment = Moment::new(Time::from_seconds(0), [7; 32]);
        own.write(&first, b"secret", &mut moment).unwrap();
        own.write(&first, b"secret again", &mut moment).unwrap();
        let bytes = fs::read(&own.path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
        assert_eq!(fs::metadata(&own.path).unwrap().permissions().mode() & 0o777, 0o600);
        let opened = |kept: &Kept, keys: &RootKeys| kept.read(keys).map(|found| found.unwrap().to_vec());
        assert_eq!(opened(&own, &first).unwrap(), b"secret again");
        assert_eq!(opened(&own, &root_keys(&[(1, 1), (2, 2)])).unwrap(), b"secret again", "a root key that was rotated");
        for (kept, keys) in [
            (kept(folder.path(), "https://b", "id.example"), root_keys(&[(1, 1)])),
            (kept(folder.path(), "https://a", "id.other"), root_keys(&[(1, 1)])),
            (kept(folder.path(), "https://a", "id.example"), root_keys(&[(1, 2)])),
            (kept(folder.path(), "https://a", "id.example"), root_keys(&[(2, 1)])),
        ] {
            assert!(kept.read(&keys).unwrap_err().contains("another directory"));
        }
        for length in 0..bytes.len() {
            fs::write(&own.path, bytes.get(..length).unwrap()).unwrap();
            assert!(own.read(&first).is_err(), "{length}");
        }
    }
}
