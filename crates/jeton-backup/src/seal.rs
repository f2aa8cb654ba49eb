//! Makes an object: lines, packed by zstd, sealed by age.

use std::io::{self, Write as _};
use std::mem;

use jeton_core::root_key::RootKeys;

use crate::identity::Recipient;
use crate::object::{self, End, Header, Kind, PLAIN_BYTES_MAX, Trailer, VERSION};

/// What objects are sealed with.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// Who can open them.
    pub recipients: Vec<Recipient>,
    /// What shows whose they are.
    pub root_keys: RootKeys,
    /// The issuer whose they are.
    pub issuer: String,
    /// The version of the tables.
    pub schema: u32,
}

/// An object in the making.
pub struct Lines {
    name: String,
    /// What was taken as a whole, before `plain`.
    parts: Vec<Vec<u8>>,
    plain: Vec<u8>,
    lines: u64,
}

/// About how many bytes the last line has.
const TRAILER_BYTES: usize = 512;

/// How hard zstd tries: the tail is packed beside the requests, and more costs them more than it saves bytes.
const LEVEL: i32 = 1;

impl Sealing {
    /// Begins an object of this kind, to be stored under this name.
    ///
    /// # Errors
    /// None that memory does not meet.
    pub fn begin(&self, kind: Kind, name: &str) -> io::Result<Lines> {
        let header = Header { jeton_backup: VERSION, kind, name: name.into(), issuer: self.issuer.clone(), schema: self.schema };
        let mut lines = Lines { name: name.into(), parts: Vec::new(), plain: Vec::new(), lines: 0 };
        lines.push(&serde_json::to_string(&header)?);
        Ok(lines)
    }

    /// Ends the object: the bytes to store.
    ///
    /// # Errors
    /// When there are no recipients, it has more bytes than are opened again, or the library refuses.
    pub fn seal(&self, lines: Lines) -> io::Result<Vec<u8>> {
        let (bytes, name) = (lines.bytes(), lines.name.clone());
        let Lines { parts, plain: last, lines, .. } = lines;
        let mut plain = Vec::with_capacity(bytes + TRAILER_BYTES);
        parts.iter().chain([&last]).for_each(|part| plain.extend_from_slice(part));
        drop((parts, last));
        let sha256 = object::sha256(&plain);
        let (epoch, keys) = self.root_keys.current();
        let keys = keys.ok_or_else(|| io::Error::other("the root key has no epoch"))?;
        let mac = object::hexadecimal(&keys.backup_mac(&object::signed(&name, &sha256)));
        let trailer = Trailer { end: End { lines, sha256: object::hexadecimal(&sha256) }, epoch, mac };
        serde_json::to_writer(&mut plain, &trailer)?;
        plain.push(b'\n');
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(io::Error::other(format!("{name} has {} bytes before it is packed, and nobody would open it", plain.len())));
        }
        let packed = zstd::bulk::compress(&plain, LEVEL)?;
        let recipients = self.recipients.iter().map(Recipient::as_age);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut sealed = encryptor.wrap_output(Vec::with_capacity(packed.len() + 512))?;
        sealed.write_all(&packed)?;
        sealed.finish()
    }
}

impl Lines {
    /// Appends a line, which has no end of line in it.
    pub fn push(&mut self, line: &str) {
        self.plain.extend_from_slice(line.as_bytes());
        self.plain.push(b'\n');
        self.lines += 1;
    }

    /// Appends the line that is written, which has no end of line in it.
    pub(crate) fn write<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.plain)?;
        self.plain.push(b'\n');
        self.lines += 1;
        Ok(())
    }

    /// Takes lines as they are, each with its end: nothing of them is copied.
    pub(crate) fn take(&mut self, lines: Vec<Vec<u8>>, count: u64) {
        self.parts.push(mem::take(&mut self.plain));
        self.parts.extend(lines);
        self.lines += count;
    }

    /// What is there so far behind the first line.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut all = self.parts.concat();
        all.extend_from_slice(&self.plain);
        let first = all.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        all.split_off(first)
    }

    /// How many bytes there are so far, not packed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(Vec::len).sum::<usize>() + self.plain.len()
    }
}
