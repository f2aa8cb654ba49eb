//! Opens an object: whole and ours, or nothing of it is looked at.

use std::io::{self, Read as _};

use age::DecryptError;
use jeton_core::root_key::RootKeys;

use crate::identity::Identity;
use crate::object::{self, Header, PLAIN_BYTES_MAX, Trailer, VERSION};
use crate::problem::{Problem, What};

/// What objects are opened with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What opens them.
    pub identity: Identity,
    /// What shows whose they are.
    pub root_keys: RootKeys,
}

/// An object that is whole and was written here, under this name.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its first line.
    pub header: Header,
    content: String,
}

impl Opened {
    /// The lines between the first and the last.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.content.lines().skip(1)
    }

    /// The same as it stands, with all ends of lines.
    pub(crate) fn text(&self) -> &str {
        self.content.split_once('\n').map_or("", |(_, text)| text)
    }
}

impl Opening {
    /// Opens the bytes that were stored under a name.
    ///
    /// # Errors
    /// [`Problem`], with the name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Opened, Problem> {
        self.opened(name, sealed).map_err(|what| Problem::new(name, what))
    }

    fn opened(&self, name: &str, sealed: &[u8]) -> Result<Opened, What> {
        let plain = unpack(&self.decrypt(sealed)?)?;
        let mut content = String::from_utf8(plain).map_err(|_| What::Damaged("it is not text".into()))?;
        let first = content.lines().next().unwrap_or_default();
        let header = header(first)?;
        let last = content.trim_end_matches('\n').rfind('\n').ok_or(What::CutOff)? + 1;
        let (before, trailer) = content.split_at_checked(last).ok_or(What::CutOff)?;
        let trailer: Trailer = serde_json::from_str(trailer).map_err(|_| What::CutOff)?;
        self.check(name, before, &trailer)?;
        if header.name != name {
            return Err(What::Forged);
        }
        content.truncate(last);
        Ok(Opened { header, content })
    }

    fn decrypt(&self, sealed: &[u8]) -> Result<Vec<u8>, What> {
        let decryptor = age::Decryptor::new(sealed).map_err(|error| of_age(&error))?;
        let mut reader = decryptor.decrypt(std::iter::once(self.identity.as_age())).map_err(|error| of_age(&error))?;
        let mut packed = Vec::with_capacity(sealed.len());
        reader.read_to_end(&mut packed).map_err(|error| of_io(&error))?;
        Ok(packed)
    }

    fn check(&self, name: &str, before: &str, trailer: &Trailer) -> Result<(), What> {
        let sha256 = object::sha256(before.as_bytes());
        if object::from_hexadecimal(&trailer.end.sha256) != Some(sha256) || trailer.end.lines != before.lines().count() as u64 {
            return Err(What::Damaged("its digest is another".into()));
        }
        let keys = self.root_keys.epoch(trailer.epoch).ok_or(What::UnknownEpoch(trailer.epoch))?;
        let mac = object::from_hexadecimal::<32>(&trailer.mac).ok_or(What::Forged)?;
        if keys.is_backup_mac(&object::signed(name, &sha256), &mac) { Ok(()) } else { Err(What::Forged) }
    }
}

/// The version is read before all else: what a newer program wrote need not be understood to say so.
fn header(line: &str) -> Result<Header, What> {
    let value: serde_json::Value = serde_json::from_str(line).map_err(|_| What::CutOff)?;
    match value.get("jeton_backup").and_then(serde_json::Value::as_u64) {
        Some(VERSION) => serde_json::from_value(value).map_err(|error| What::Damaged(error.to_string())),
        Some(version) if version > VERSION => Err(What::Newer(version)),
        _ => Err(What::Damaged("it is no object of a backup".into())),
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, What> {
    let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|error| of_io(&error))?;
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(4).min(PLAIN_BYTES_MAX));
    decoder.take(PLAIN_BYTES_MAX as u64 + 1).read_to_end(&mut plain).map_err(|error| of_io(&error))?;
    if plain.len() > PLAIN_BYTES_MAX { Err(What::TooLarge) } else { Ok(plain) }
}

fn of_age(error: &DecryptError) -> What {
    match error {
        DecryptError::NoMatchingKeys => What::WrongIdentity,
        DecryptError::Io(error) => of_io(error),
        error => What::Damaged(error.to_string()),
    }
}

fn of_io(error: &io::Error) -> What {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => What::CutOff,
        _ => What::Damaged(error.to_string()),
    }
}
