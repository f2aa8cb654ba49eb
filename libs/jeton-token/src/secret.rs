//! Secrets: text that cannot be printed, the keys that check and hash it, and the hash that is stored.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Text that nobody may see: printed as `[redacted]`, compared in constant time, overwritten when dropped.
///
/// It cannot be serialised, on purpose: whoever sends it must say [`Secret::expose`].
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Not for logs, errors or anything stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes, which is not secret.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

/// A minted token in the clear: shown to its holder once, then only its [`SecretHash`] remains.
#[derive(Clone, PartialEq, Eq)]
pub struct ClearToken(Secret);

impl ClearToken {
    pub(crate) const fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The token's text. Not for logs, errors or anything stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<ClearToken> for Secret {
    fn from(token: ClearToken) -> Self {
        token.0
    }
}

/// The 160 random bits that make a token unguessable; overwritten when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes([u8; Self::LEN]);

impl SecretBytes {
    /// How many bytes.
    pub const LEN: usize = 20;

    /// Takes bytes that must be unguessable.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// The key of the checks inside tokens, one for each epoch of the root key. It turns junk away without a read and proves nothing.
#[derive(Clone)]
pub struct CheckKey(hmac::Key);

impl CheckKey {
    /// Prepares the key; the caller overwrites its own copy of the bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, message)
    }
}

/// The key under which secrets are hashed for storage, one for each epoch of the root key.
#[derive(Clone)]
pub struct HashKey(hmac::Key);

impl HashKey {
    /// Prepares the key; the caller overwrites its own copy of the bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The hash under which a presented text is stored: HMAC-SHA256(key, SHA-256(text)).
    #[must_use]
    pub fn hash(&self, text: &str) -> SecretHash {
        let inner = digest::digest(&digest::SHA256, text.as_bytes());
        self.sign(inner.as_ref())
    }

    /// The hash under which an imported SHA-256 of a secret is stored; equal to [`HashKey::hash`] of the secret's text.
    #[must_use]
    pub fn wrap(&self, sha256: &[u8; 32]) -> SecretHash {
        self.sign(sha256)
    }

    fn sign(&self, inner: &[u8]) -> SecretHash {
        let tag = hmac::sign(&self.0, inner);
        let mut hash = [0; SecretHash::LEN];
        for (to, from) in hash.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        SecretHash(hash)
    }
}

/// The keyed hash of a secret: what is stored instead of it. Equality takes constant time.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; Self::LEN]);

impl SecretHash {
    /// How many bytes.
    pub const LEN: usize = 32;

    /// The hash as read from storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether both stand for the same secret, in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for SecretHash {}

const REDACTED: &str = "[redacted]";

macro_rules! redacted {
    ($($name:ident: $($shown:ident),+;)+) => {$($(
        impl fmt::$shown for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(REDACTED)
            }
        }
    )+)+};
}

redacted! {
    Secret: Debug, Display;
    ClearToken: Debug, Display;
    SecretBytes: Debug;
    CheckKey: Debug;
    HashKey: Debug;
    SecretHash: Debug;
}

/// Bytes of a token's body while it is being read or written.
pub(crate) type BodyBytes = Zeroizing<[u8; crate::base62::BODY_LEN]>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints() {
        let secret = Secret::from("hunter2");
        let hash = HashKey::new(&[1; 32]).hash("hunter2");
        let shown = format!(
            "{secret} {secret:?} {:?} {hash:?} {:?} {:?} {:?}",
            ClearToken::new("hunter2".into()),
            CheckKey::new(&[1; 32]),
            HashKey::new(&[1; 32]),
            SecretBytes::new([7; 20])
        );
        assert_eq!(shown, ["[redacted]"; 7].join(" "));
    }

    #[test]
    fn equality() {
        fn check(left: &str, right: &str, expected: bool) {
            assert_eq!(Secret::from(left) == Secret::from(right), expected, "{left:?} {right:?}");
        }
        check("", "", true);
        check("a", "a", true);
        check("a", "b", false);
        check("a", "aa", false);
        check("", "a", false);
    }

    #[test]
    fn hash_is_hmac_of_sha256() {
        // SHA-256("abc"), FIPS 180-4.
        let abc = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96,
            0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        let key = HashKey::new(&[3; 32]);
        assert!(key.hash("abc").matches(&key.wrap(&abc)));
        assert!(!key.hash("abd").matches(&key.wrap(&abc)));
        assert!(!HashKey::new(&[4; 32]).hash("abc").matches(&key.hash("abc")));
        assert_eq!(SecretHash::from_bytes(*key.hash("abc").as_bytes()), key.hash("abc"));
    }
}
