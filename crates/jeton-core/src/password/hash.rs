//! What is kept of a password: the texts that Jeton writes (argon2id, as a PHC string), and those that others wrote before people came here. Each
//! names how it was made, and is bounded by that: whoever imports a hash makes the server do its work at each sign-in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::cost::Cost;

/// The longest text of a hash, in bytes.
pub const TEXT_BYTES_MAX: usize = 512;
/// The least and the most bytes of a salt. Some who made hashes took letters for it.
const SALT_BYTES: std::ops::RangeInclusive<usize> = 4..=128;
/// The least and the most bytes of what came of it.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
/// The least salt of argon2 (RFC 9106 section 3.1).
const ARGON2_SALT_BYTES_MIN: usize = 8;
/// The greatest cost of bcrypt: 32,768 rounds.
const BCRYPT_COST_MAX: u32 = 15;
/// The greatest size of scrypt, as a power of two.
const SCRYPT_LOG_N_MAX: u8 = 18;
/// The most memory of scrypt, in bytes.
const SCRYPT_BYTES_MAX: u64 = 256 << 20;
/// The most work of scrypt: four times that of the largest size with the usual block.
const SCRYPT_WORK_MAX: u64 = 1 << 23;
/// The most rounds of PBKDF2.
const PBKDF2_ROUNDS_MAX: u32 = 5_000_000;

/// A hash that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// How it was made.
    pub how: How,
    /// What came of it. Not printed.
    pub hash: Made,
}

/// What came of a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Made(pub Zeroizing<Vec<u8>>);

impl fmt::Debug for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

/// How a hash was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Argon2 (RFC 9106).
    Argon2 {
        /// `id`, which Jeton makes, or `i`.
        variant: Argon2,
        /// How much work.
        cost: Cost,
        /// With what.
        salt: Vec<u8>,
    },
    /// Bcrypt: of the first 72 bytes.
    Bcrypt {
        /// Whether not the password is hashed but its SHA-256 in hexadecimal digits, as Django does.
        of_digest: bool,
        /// How much work, as a power of two.
        cost: u32,
        /// With what.
        salt: [u8; 16],
    },
    /// Scrypt (RFC 7914).
    Scrypt {
        /// Its size, as a power of two.
        log_n: u8,
        /// Its block.
        r: u32,
        /// How often.
        p: u32,
        /// With what.
        salt: Vec<u8>,
    },
    /// PBKDF2 with HMAC (RFC 8018).
    Pbkdf2 {
        /// Of which digest.
        digest: Digest,
        /// How often.
        rounds: u32,
        /// With what.
        salt: Vec<u8>,
    },
}

/// Which Argon2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argon2 {
    /// Argon2i.
    I,
    /// Argon2id.
    Id,
}

/// A digest that PBKDF2 is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAHash {
    /// It begins as none that is known.
    Unknown,
    /// It begins as one, and goes on as none.
    Malformed,
    /// It asks for more work, or memory, than is given to one.
    TooMuch,
}

impl Hash {
    /// The text of an argon2id hash, as Jeton keeps it.
    #[must_use]
    pub fn argon2id(cost: Cost, salt: &[u8], hash: &[u8]) -> Zeroizing<String> {
        // Room for all at once: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES_MAX));
        text.push_str("$argon2id$v=19$");
        text.push_str(&cost.to_text());
        text.push('$');
        STANDARD_NO_PAD.encode_string(salt, &mut text);
        text.push('$');
        STANDARD_NO_PAD.encode_string(hash, &mut text);
        text
    }

    /// Whether a hash as Jeton makes it today is stronger by so much that one is made anew of a password that is right.
    #[must_use]
    pub fn is_to_be_made_anew(&self, today: Cost) -> bool {
        match &self.how {
            How::Argon2 { variant: Argon2::Id, cost, .. } => cost.work().saturating_mul(2) <= today.work(),
            _ => true,
        }
    }

    /// The hash, if it is whole and asks for no more than is given to one.
    ///
    /// # Errors
    /// `Malformed` or `TooMuch`.
    pub(super) fn bounded(self) -> Result<Hash, NotAHash> {
        let is_hash = HASH_BYTES.contains(&self.hash.0.len());
        let (is_whole, is_within) = match &self.how {
            How::Argon2 { cost, salt, .. } => (SALT_BYTES.contains(&salt.len()) && salt.len() >= ARGON2_SALT_BYTES_MIN, cost.is_given()),
            How::Bcrypt { cost, .. } => (*cost >= 4, *cost <= BCRYPT_COST_MAX),
            How::Scrypt { log_n, r, p, salt } => {
                let (size, r, p) = (1_u64.checked_shl(u32::from(*log_n)).unwrap_or(u64::MAX), u64::from(*r), u64::from(*p));
                let is_whole = SALT_BYTES.contains(&salt.len()) && *log_n > 0 && r > 0 && p > 0 && u64::from(*log_n) < 16 * r;
                let block = size.saturating_mul(r);
                let memory = [block, p.saturating_mul(r)].map(|blocks| blocks.saturating_mul(128));
                let is_small = *log_n <= SCRYPT_LOG_N_MAX && memory.iter().all(|bytes| *bytes <= SCRYPT_BYTES_MAX);
                (is_whole, is_small && block.saturating_mul(p) <= SCRYPT_WORK_MAX)
            }
            // More than one digest of it would be as much work again.
            How::Pbkdf2 { digest, rounds, salt } => {
                let is_whole = SALT_BYTES.contains(&salt.len()) && *rounds > 0 && self.hash.0.len() <= digest.bytes();
                (is_whole, *rounds <= PBKDF2_ROUNDS_MAX)
            }
        };
        match (is_hash && is_whole, is_within) {
            (false, _) => Err(NotAHash::Malformed),
            (true, false) => Err(NotAHash::TooMuch),
            (true, true) => Ok(self),
        }
    }
}

impl How {
    /// What it is called, in words for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            How::Argon2 { variant: Argon2::Id, .. } => "argon2id",
            How::Argon2 { variant: Argon2::I, .. } => "argon2i",
            How::Bcrypt { .. } => "bcrypt",
            How::Scrypt { .. } => "scrypt",
            How::Pbkdf2 { .. } => "PBKDF2",
        }
    }
}

impl Digest {
    /// How many bytes it has.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha512 => 64,
        }
    }
}

impl fmt::Display for NotAHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NotAHash::Unknown => "it is no hash of argon2id, argon2i, bcrypt, scrypt or PBKDF2, as they, Django, passlib or Werkzeug write it",
            NotAHash::Malformed => "it begins as a hash and is none: take it as it was written",
            NotAHash::TooMuch => {
                "it takes more work than one sign-in is given: argon2 256 MiB and 32 passes, bcrypt cost 15, scrypt N = 2^18, PBKDF2 5,000,000 rounds"
            }
        })
    }
}
