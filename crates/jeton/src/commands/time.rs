//! Points in time that flags name.

use std::fmt;

use jeton_http::api::rfc3339;
use serde_json::{Value, json};

use super::duration;

/// Now, or a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// When the server decides.
    Now,
    /// Seconds since 1970.
    Second(i64),
}

impl Time {
    /// As the management API takes it.
    pub(crate) fn to_json(self) -> Value {
        match self {
            Time::Now => json!("now"),
            Time::Second(seconds) => json!(seconds),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::Now => formatter.write_str("now"),
            Time::Second(seconds) => formatter.write_str(&rfc3339::format(*seconds)),
        }
    }
}

/// `now`, a time in RFC 3339, or seconds since 1970.
///
/// # Errors
/// A sentence with what may be written.
pub(crate) fn now_or_second(text: &str) -> Result<Time, String> {
    if text == "now" {
        return Ok(Time::Now);
    }
    let seconds = parse(text).ok_or("write now, a time as 2026-01-31T12:00:00Z, or seconds since 1970")?;
    Ok(Time::Second(seconds))
}

/// A time in RFC 3339, or seconds since 1970.
///
/// # Errors
/// A sentence with what may be written.
pub(crate) fn second(text: &str) -> Result<i64, String> {
    parse(text).ok_or_else(|| "write a time as 2027-05-31T00:00:00Z, or seconds since 1970".to_owned())
}

/// A time from which on something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// So many seconds before now.
    Ago(i64),
    /// A second.
    At(i64),
}

impl Since {
    /// The second, where it is this one now.
    pub(crate) fn second(self, now_seconds: i64) -> i64 {
        match self {
            Since::Ago(seconds) => now_seconds.saturating_sub(seconds).max(0),
            Since::At(second) => second,
        }
    }
}

/// How long ago, `1h`; the beginning of a day in UTC, `2026-01-31`; a time in RFC 3339; or seconds since 1970.
///
/// # Errors
/// A sentence with what may be written.
pub(crate) fn since(text: &str) -> Result<Since, String> {
    let at = || parse(text).or_else(|| rfc3339::parse(&format!("{text}T00:00:00Z"))).map(Since::At);
    let ago = || duration::seconds(text).ok().map(Since::Ago);
    at().or_else(ago).ok_or_else(|| "write how long ago, as 1h or 7d, a day as 2026-01-31, or a time as 2026-01-31T12:00:00Z".to_owned())
}

fn parse(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { rfc3339::parse(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("now", Some(Time::Now)),
            ("1700000000", Some(Time::Second(1_700_000_000))),
            ("2023-11-14T22:13:20Z", Some(Time::Second(1_700_000_000))),
            ("tomorrow", None),
            ("2023-11-14", None),
            ("-1", None),
            ("", None),
            ("18446744073709551615", None),
        ] {
            assert_eq!(now_or_second(text).ok(), expected, "{text}");
        }
        assert_eq!(second("2023-11-14T22:13:20Z"), Ok(1_700_000_000));
        assert!(second("now").is_err());
        for (text, expected) in [
            ("1h", Some(1_699_996_400)),
            ("2023-11-14", Some(1_699_920_000)),
            ("2023-11-14T22:13:19Z", Some(1_699_999_999)),
            ("1700000001", Some(1_700_000_001)),
            ("9223372036854775807s", Some(0)),
            ("yesterday", None),
            ("2023-11", None),
            ("2023-02-30", None),
            ("", None),
        ] {
            assert_eq!(since(text).ok().map(|since| since.second(1_700_000_000)), expected, "{text}");
        }
        assert_eq!(Time::Second(1_700_000_000).to_string(), "2023-11-14T22:13:20Z");
    }
}
