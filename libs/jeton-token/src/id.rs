//! The public handle of a token.

use std::fmt;
use std::str::FromStr;

/// The id of a token: 16 bytes, a public handle (`jti`), never proof of anything.
///
/// Its text is 32 lowercase hexadecimal digits; no other text is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// Digits of an id's text.
    pub const TEXT_LEN: usize = 32;

    /// The id made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads the text of an id.
    ///
    /// # Errors
    /// The text is not 32 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NotATokenId> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if text.len() != Self::TEXT_LEN || !rest.is_empty() {
            return Err(NotATokenId);
        }
        let (mut bytes, mut seen) = ([0; 16], 0);
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair.map(nibble);
            *byte = high << 4 | low;
            seen |= high | low;
        }
        // Once for all: a branch on each digit would be guessed wrong half the time.
        if seen > 0x0f { Err(NotATokenId) } else { Ok(Self(bytes)) }
    }

    /// The id's text, without allocation.
    #[must_use]
    pub fn to_digits(self) -> [u8; Self::TEXT_LEN] {
        let mut digits = [0; Self::TEXT_LEN];
        let (pairs, _) = digits.as_chunks_mut::<2>();
        for ([high, low], byte) in pairs.iter_mut().zip(self.0) {
            *high = digit(byte >> 4);
            *low = digit(byte & 0x0f);
        }
        digits
    }
}

/// What a digit is worth; of any other byte, more than any digit is.
const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => 0xff,
    }
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_digits()).unwrap_or_default())
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl FromStr for TokenId {
    type Err = NotATokenId;

    fn from_str(text: &str) -> Result<Self, NotATokenId> {
        Self::parse(text)
    }
}

/// The text is no token id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATokenId;

impl fmt::Display for NotATokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token id is 32 lowercase hexadecimal digits")
    }
}

impl std::error::Error for NotATokenId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_its_own_text_only() {
        fn check(text: &str, expected: bool) {
            assert_eq!(TokenId::parse(text).map(|id| id.to_string()).ok(), expected.then(|| text.to_owned()), "{text:?}");
        }
        check("00000000000000000000000000000000", true);
        check("0123456789abcdef0123456789abcdef", true);
        check("ffffffffffffffffffffffffffffffff", true);
        check("0123456789ABCDEF0123456789abcdef", false);
        check("0123456789abcdef0123456789abcde", false);
        check("0123456789abcdef0123456789abcdef0", false);
        check("0123456789abcdef0123456789abcdeg", false);
        check("0123456789abcdef0123456789abcdé", false);
        check("", false);
    }
}
