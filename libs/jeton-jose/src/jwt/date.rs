//! NumericDate (RFC 7519 section 2).

use serde::de::{DeserializeSeed, Deserializer, Unexpected, Visitor};
use std::fmt;

/// 9999-12-31T23:59:59Z: what lies beyond is a mistake or an attempt to live for ever.
const LATEST: i64 = 253_402_300_799;

/// Which way a fraction of a second is dropped: always the way that makes the token live shorter.
#[derive(Clone, Copy)]
pub(crate) enum DateSeed {
    /// For `exp` and everything that lies in the past.
    Down,
    /// For `nbf`.
    Up,
}

impl<'de> DeserializeSeed<'de> for DateSeed {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for DateSeed {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("seconds from 1970 to 9999")
    }

    fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<i64, E> {
        if (0..=LATEST).contains(&seconds) { Ok(seconds) } else { Err(E::invalid_value(Unexpected::Signed(0), &self)) }
    }

    fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<i64, E> {
        i64::try_from(seconds).map_err(|_| E::invalid_value(Unexpected::Signed(0), &self)).and_then(|seconds| self.visit_i64(seconds))
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<i64, E> {
        let whole = match self {
            Self::Down => seconds.floor(),
            Self::Up => seconds.ceil(),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a cast of a float to an integer saturates, and the limits refuse both ends")]
        self.visit_i64(whole as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, down, up) in [
            ("0", Some(0), Some(0)),
            ("1700000000", Some(1_700_000_000), Some(1_700_000_000)),
            ("1700000000.0", Some(1_700_000_000), Some(1_700_000_000)),
            ("1.7e9", Some(1_700_000_000), Some(1_700_000_000)),
            ("10.5", Some(10), Some(11)),
            ("253402300799", Some(LATEST), Some(LATEST)),
            ("253402300800", None, None),
            ("-1", None, None),
            ("-0.5", None, Some(0)),
            ("9223372036854775807", None, None),
            ("18446744073709551615", None, None),
            ("1e300", None, None),
            ("-1e300", None, None),
            ("\"1700000000\"", None, None),
            ("null", None, None),
            ("true", None, None),
            ("[1]", None, None),
            ("{}", None, None),
        ] {
            let read = |seed: DateSeed| seed.deserialize(&mut serde_json::Deserializer::from_str(text)).ok();
            assert_eq!(read(DateSeed::Down), down, "{text} down");
            assert_eq!(read(DateSeed::Up), up, "{text} up");
        }
    }
}
