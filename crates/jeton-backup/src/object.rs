//! The lines around an object's content: the first says what it is, the last that it is whole and whose it is.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize, Serializer};

/// The version of the format that this program writes, and the newest it reads.
pub const VERSION: u64 = 1;

/// How many bytes an object may have before it is packed.
pub const PLAIN_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many bytes it may have as it is kept: what cannot be packed grows a little.
pub const SEALED_BYTES_MAX: u64 = 65 * 1024 * 1024;

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Rows or entries of a snapshot.
    Part,
    /// What a snapshot consists of: written last.
    Manifest,
    /// What was committed after it, in order.
    Tail,
    /// A part of a file that went with a snapshot.
    File,
    /// What was erased, and is to be erased of whatever is older.
    Erasure,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub jeton_backup: u64,
    /// What it holds.
    pub kind: Kind,
    /// The name it was written under.
    pub name: String,
    /// The issuer whose it is.
    pub issuer: String,
    /// The version of the tables.
    pub schema: u32,
}

/// What the last line says of all before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    pub(crate) end: End,
    /// The epoch of the root key that `mac` is of.
    pub(crate) epoch: u16,
    /// HMAC-SHA256 of the object's name and digest, in hexadecimal.
    pub(crate) mac: String,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Lines before the last.
    pub(crate) lines: u64,
    /// SHA-256 of all bytes before the last line, in hexadecimal.
    pub(crate) sha256: String,
}

/// What the mac covers: a name has no zero byte, and the digest has a fixed length.
pub(crate) fn signed(name: &str, sha256: &[u8; 32]) -> Vec<u8> {
    let mut signed = Vec::with_capacity(name.len() + 64);
    signed.extend_from_slice(b"jeton-backup/1\0");
    signed.extend_from_slice(name.as_bytes());
    signed.push(0);
    signed.extend_from_slice(sha256);
    signed
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |digit: u8| DIGITS.get(usize::from(digit)).copied().unwrap_or_default();
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// Bytes that are shown in hexadecimal.
pub(crate) struct Hexadecimal<'a>(pub(crate) &'a [u8]);

impl Serialize for Hexadecimal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hexadecimal(self.0))
    }
}

pub(crate) fn from_hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (byte, place) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(bytes)
}
