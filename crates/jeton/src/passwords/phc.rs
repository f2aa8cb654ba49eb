//! The text of a hash, as others write it too: `$argon2id$v=19$m=65536,t=4,p=1$SALT$HASH` (the PHC string format).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// The most memory that a hash may ask for, in KiB: a hash must not be a weapon.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// The most passes.
const PASSES_MAX: u32 = 32;
/// The most lanes.
const LANES_MAX: u32 = 16;
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=64;
const TEXT_BYTES_MAX: usize = 256;

/// How much work a hash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory, in KiB.
    pub(crate) memory_kib: u32,
    /// How often it is gone over.
    pub(crate) passes: u32,
    /// How many lanes it has; they are worked on one after another.
    pub(crate) lanes: u32,
}

/// A hash that is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hash {
    /// How it was made.
    pub(crate) cost: Cost,
    /// What it was made with.
    pub(crate) salt: Vec<u8>,
    /// What came of it.
    pub(crate) hash: Zeroizing<Vec<u8>>,
}

impl Hash {
    /// Reads one; `None`: it is none of argon2id's, or asks for more than is given.
    pub(crate) fn parse(text: &str) -> Option<Hash> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (cost, salt) = (Cost::parse(cost)?, STANDARD_NO_PAD.decode(salt).ok()?);
        let hash = Zeroizing::new(STANDARD_NO_PAD.decode(hash).ok()?);
        (SALT_BYTES.contains(&salt.len()) && HASH_BYTES.contains(&hash.len())).then_some(Hash { cost, salt, hash })
    }

    /// The text of it.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        // Room for all at once: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES_MAX));
        text.push_str("$argon2id$v=19$");
        text.push_str(&self.cost.to_text());
        text.push('$');
        STANDARD_NO_PAD.encode_string(&self.salt, &mut text);
        text.push('$');
        STANDARD_NO_PAD.encode_string(&*self.hash, &mut text);
        text
    }
}

impl Cost {
    /// Reads `m=65536,t=4,p=1`.
    pub(crate) fn parse(text: &str) -> Option<Cost> {
        let mut parts = text.split(',');
        let mut number = |name: &str, most: u32| {
            let digits = parts.next()?.strip_prefix(name)?;
            let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|number| plain && (1..=most).contains(number))
        };
        let (memory_kib, passes, lanes) = (number("m=", MEMORY_KIB_MAX)?, number("t=", PASSES_MAX)?, number("p=", LANES_MAX)?);
        // RFC 9106 section 3.1: eight blocks for each lane.
        (parts.next().is_none() && memory_kib >= 8 * lanes).then_some(Cost { memory_kib, passes, lanes })
    }

    /// The text of it.
    pub(crate) fn to_text(self) -> String {
        let mut text = String::with_capacity(32);
        // Writing to memory does not fail.
        let _ = write!(text, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_are_written() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Hash::parse(text).map(|hash| hash.to_text().to_string()), expected.then(|| text.to_owned()), "{text}");
        }
        let (salt, hash) = ("c29tZXNhbHRzb21lc2FsdA", "wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA");
        check(&format!("$argon2id$v=19$m=65536,t=4,p=1${salt}${hash}"), true);
        check(&format!("$argon2id$v=19$m=8,t=1,p=1${salt}${hash}"), true);
        check(&format!("$argon2i$v=19$m=65536,t=4,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=16$m=65536,t=4,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$m=65536,t=4,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=7,t=1,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=8,t=1,p=2${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=33,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=0,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=065536,t=1,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=+1,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$t=1,m=65536,p=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1,x=1${salt}${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1$short${hash}"), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1${salt}$c2hvcnQ"), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1${salt}${hash}=="), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1${salt}${hash}$"), false);
        check(&format!("$argon2id$v=19$m=65536,t=1,p=1${salt}${}", "A".repeat(300)), false);
        check("", false);
    }
}
