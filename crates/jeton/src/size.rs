//! A number of bytes as the configuration says it: `2GiB`, `500MB`, or the number alone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A size as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size(String);

impl Size {
    /// How many bytes it says.
    ///
    /// # Errors
    /// In words, what it should look like.
    pub(crate) fn bytes(&self) -> Result<u64, String> {
        let text = self.0.as_str();
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = UNITS.iter().find(|(name, _)| *name == if unit.is_empty() { "B" } else { unit }).map(|(_, bytes)| bytes);
        number
            .parse::<u64>()
            .ok()
            .zip(unit)
            .and_then(|(number, unit)| number.checked_mul(*unit))
            .ok_or_else(|| format!("a size is a whole number of bytes, or one with a unit, such as \"2GiB\" or \"500MB\", not `{text}`"))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Size;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number of bytes, or a text such as \"2GiB\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        Ok(Size(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Size, E> {
        Ok(Size(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in
            [("0", 0), ("17", 17), ("17B", 17), ("2kB", 2_000), ("2KiB", 2_048), ("2GiB", 2 << 30), ("1TB", 1_000_000_000_000)]
        {
            assert_eq!(Size(text.into()).bytes(), Ok(expected), "{text}");
        }
        for text in ["", "GiB", "2 GiB", "2gib", "2.5GiB", "-1", "+1", "2GiBs", "99999999999TiB", "99999999999999999999", "٢GiB"] {
            assert!(Size(text.into()).bytes().unwrap_err().contains("such as \"2GiB\""), "{text}");
        }
    }
}
