//! The server's own identity: with it the server lists and verifies backups, and a drill will open them. It lies in the data folder, sealed under the root key, and opens nothing there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jeton_backup::identity::Identity;
use jeton_core::moment::Moment;
use jeton_core::root_key::RootKeys;

const NAME: &str = "jeton.drill-identity";
const CONTEXT: &[u8] = b"drill identity";

/// Reads the identity of a data folder, or makes one; the second is what lies there, in hexadecimal.
///
/// # Errors
/// In words for people.
pub(crate) fn of(data: &Path, root_keys: &RootKeys, moment: &mut Moment) -> Result<(Identity, String), String> {
    let path = data.join(NAME);
    match fs::read(&path) {
        Ok(sealed) => open(&sealed, root_keys).map(|identity| (identity, hexadecimal(&sealed))).ok_or_else(|| {
            format!(
                "{} does not open under this root key: remove it, and the next start makes another; older backups open with the recovery \
                 identity alone then",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(data, root_keys, moment),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn open(sealed: &[u8], root_keys: &RootKeys) -> Option<Identity> {
    let (epoch, sealed) = sealed.split_first_chunk::<2>()?;
    let opened = root_keys.epoch(u16::from_be_bytes(*epoch))?.open(sealed, CONTEXT).ok()?;
    Identity::from_file_text(std::str::from_utf8(&opened).ok()?).ok()
}

fn make(data: &Path, root_keys: &RootKeys, moment: &mut Moment) -> Result<(Identity, String), String> {
    let identity = Identity::generate();
    let (epoch, keys) = root_keys.current();
    let keys = keys.ok_or("the root key has no epoch")?;
    let sealed = keys.seal(identity.reveal().as_bytes(), CONTEXT, moment).map_err(|error| error.to_string())?;
    let sealed = [&epoch.to_be_bytes(), &sealed[..]].concat();
    write(data, &sealed)?;
    Ok((identity, hexadecimal(&sealed)))
}

/// Puts back what a backup has of it. One that does not open is left out: the next start makes another.
///
/// # Errors
/// In words for people.
pub(crate) fn put_back(data: &Path, sealed: &str, root_keys: &RootKeys) -> Result<(), String> {
    let Some(sealed) = from_hexadecimal(sealed).filter(|sealed| open(sealed, root_keys).is_some()) else { return Ok(()) };
    write(data, &sealed)
}

fn write(data: &Path, sealed: &[u8]) -> Result<(), String> {
    let path = data.join(NAME);
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(sealed)?;
        file.sync_all()
    };
    write().map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect())?
}
