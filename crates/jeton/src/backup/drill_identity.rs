//! The server's own identity: with it the server lists and verifies backups, and a drill will open them. It lies in the data folder, sealed under the root key, and opens nothing there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jeton_backup::identity::Identity;
use jeton_core::moment::Moment;
use jeton_core::root_key::RootKeys;

const NAME: &str = "jeton.drill-identity";
const CONTEXT: &[u8] = b"drill identity";

/// Reads the identity of a data folder, or makes one.
///
/// # Errors
/// In words for people.
pub(crate) fn of(data: &Path, root_keys: &RootKeys, moment: &mut Moment) -> Result<Identity, String> {
    let path = data.join(NAME);
    match fs::read(&path) {
        Ok(sealed) => open(&sealed, root_keys).ok_or_else(|| {
            format!(
                "{} does not open under this root key: remove it, and the next start makes another; older backups open with the recovery \
                 identity alone then",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path, root_keys, moment),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn open(sealed: &[u8], root_keys: &RootKeys) -> Option<Identity> {
    let (epoch, sealed) = sealed.split_first_chunk::<2>()?;
    let opened = root_keys.epoch(u16::from_be_bytes(*epoch))?.open(sealed, CONTEXT).ok()?;
    Identity::from_file_text(std::str::from_utf8(&opened).ok()?).ok()
}

fn make(path: &PathBuf, root_keys: &RootKeys, moment: &mut Moment) -> Result<Identity, String> {
    let identity = Identity::generate();
    let (epoch, keys) = root_keys.current();
    let keys = keys.ok_or("the root key has no epoch")?;
    let sealed = keys.seal(identity.reveal().as_bytes(), CONTEXT, moment).map_err(|error| error.to_string())?;
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&epoch.to_be_bytes())?;
        file.write_all(&sealed)?;
        file.sync_all()
    };
    write().map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(identity)
}
