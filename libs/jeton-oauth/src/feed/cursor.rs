//! A place in the ledger, as clients carry it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in the ledger: `incarnation.sequence`. Opaque to clients, who send back what they got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which life of the ledger: a restore opens a new one.
    pub incarnation: Incarnation,
    /// The last entry that was seen.
    pub sequence: u64,
}

impl Cursor {
    /// Reads a cursor.
    ///
    /// # Errors
    /// The text is no cursor in its one text form.
    pub fn parse(text: &str) -> Result<Self, NotACursor> {
        let (incarnation, digits) = text.split_once('.').ok_or(NotACursor)?;
        let canonical = digits == "0" || digits.starts_with(|first: char| matches!(first, '1'..='9'));
        let sequence = digits.parse().map_err(|_| NotACursor)?;
        if !canonical {
            return Err(NotACursor);
        }
        Ok(Self { incarnation: Incarnation::parse(incarnation)?, sequence })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.incarnation, self.sequence)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        Self::parse(text)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One life of a ledger: 1 to 32 characters of `a-z0-9`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Incarnation(Arc<str>);

impl Incarnation {
    /// The longest text, in characters.
    pub const MAX_LEN: usize = 32;

    /// Reads an incarnation.
    ///
    /// # Errors
    /// The text has another length or another character.
    pub fn parse(text: &str) -> Result<Self, NotACursor> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fine = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(allowed);
        if fine { Ok(Self(text.into())) } else { Err(NotACursor) }
    }

    /// The incarnation as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({})", self.0)
    }
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACursor;

impl fmt::Display for NotACursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor is the id of an event of the feed, as received")
    }
}

impl std::error::Error for NotACursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_its_own_text_only() {
        fn check(text: &str, expected: bool) {
            assert_eq!(Cursor::parse(text).map(|cursor| cursor.to_string()).ok(), expected.then(|| text.to_owned()), "{text:?}");
        }
        check("1.0", true);
        check("7f3a.18446744073709551615", true);
        check(&format!("{}.1", "a".repeat(32)), true);
        check(&format!("{}.1", "a".repeat(33)), false);
        check("", false);
        check(".", false);
        check("1", false);
        check("1.", false);
        check(".1", false);
        check("1.01", false);
        check("1.+1", false);
        check("1.-1", false);
        check("1.18446744073709551616", false);
        check("1.1.1", false);
        check("A.1", false);
        check("1 .1", false);
        check("é.1", false);
        check("1.1\n", false);
    }
}
