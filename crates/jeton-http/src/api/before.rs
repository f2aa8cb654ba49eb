use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::rfc3339;

/// Up to when a cut-off reaches: now, or a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Now,
    Second(i64),
}

impl Before {
    /// The second, where it is one.
    pub(super) fn seconds(self) -> Option<i64> {
        match self {
            Before::Now => None,
            Before::Second(seconds) => Some(seconds),
        }
    }
}

impl<'de> Deserialize<'de> for Before {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Before, D::Error> {
        deserializer.deserialize_any(BeforeVisitor)
    }
}

impl JsonSchema for Before {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Before".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "description": "`now`, a time, or seconds since 1970" })
    }
}

struct BeforeVisitor;

impl Visitor<'_> for BeforeVisitor {
    type Value = Before;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("`now`, a time as 2026-01-31T23:59:59Z, or seconds since 1970")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Before, E> {
        match text {
            "now" => Ok(Before::Now),
            text => rfc3339::parse(text).map(Before::Second).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Before, E> {
        i64::try_from(seconds).map(Before::Second).map_err(|_| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Before>) {
        assert_eq!(serde_json::from_str(text).ok(), expected, "{text}");
    }

    #[test]
    fn times_to_cut_off_at() {
        check("\"now\"", Some(Before::Now));
        check("1700000000", Some(Before::Second(1_700_000_000)));
        check("\"2023-11-14T22:13:20Z\"", Some(Before::Second(1_700_000_000)));
        for text in ["-1", "1.5", "18446744073709551615", "\"\"", "\"later\"", "true", "[]", "\"2023-11-14\""] {
            check(text, None);
        }
    }
}
