//! The word every token of an installation starts with.

use std::fmt;
use std::str::FromStr;

/// The word a token starts with: `jtn` by default, 3 to 16 characters of `a-z0-9`.
///
/// It tells scanners whose token they found, so an installation may choose its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    bytes: [u8; Prefix::MAX_LEN],
    len: u8,
}

impl Prefix {
    /// The shortest prefix, in characters.
    pub const MIN_LEN: usize = 3;
    /// The longest prefix, in characters.
    pub const MAX_LEN: usize = 16;

    /// Reads a prefix.
    ///
    /// # Errors
    /// The text has another length or holds another character than `a-z0-9`.
    pub fn parse(text: &str) -> Result<Self, NotAPrefix> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(NotAPrefix);
        }
        let mut bytes = [0; Self::MAX_LEN];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Self { bytes, len: u8::try_from(text.len()).map_err(|_| NotAPrefix)? })
    }

    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // `parse` let only ASCII in, so neither default is ever taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The prefix as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Default for Prefix {
    fn default() -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = b'j';
        bytes[1] = b't';
        bytes[2] = b'n';
        Self { bytes, len: 3 }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({})", self.as_str())
    }
}

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        Self::parse(text)
    }
}

/// The text is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPrefix;

impl fmt::Display for NotAPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a token prefix is {} to {} characters of a-z and 0-9", Prefix::MIN_LEN, Prefix::MAX_LEN)
    }
}

impl std::error::Error for NotAPrefix {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Prefix::parse(text).map(|prefix| prefix.to_string()).ok(), expected.then(|| text.to_owned()), "{text:?}");
        }
        check("jtn", true);
        check("a1b2c3d4e5f6g7h8", true);
        check("000", true);
        check("", false);
        check("jt", false);
        check("a1b2c3d4e5f6g7h8i", false);
        check("Jtn", false);
        check("j_n", false);
        check("j-n", false);
        check("jén", false);
        check("jtn ", false);
    }

    #[test]
    fn default_is_jtn() {
        assert_eq!(Prefix::default(), Prefix::parse("jtn").unwrap());
    }
}
