//! A strict reader of JSON (RFC 8259).
//!
//! What two readers could understand differently is refused: a member named twice at any level (RFC 8725 section 2.4 names the harm), a byte-order mark, anything after the value, text that is not UTF-8. Size and depth are limited before anything is built.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// How much is read before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of text.
    pub length_bytes: usize,
    /// Most arrays and objects inside one another; a plain object of plain values has depth 1.
    pub depth: usize,
}

/// Reads one JSON value.
///
/// # Errors
/// [`JsonError`] says what is wrong, without any of the content.
pub fn parse(text: &[u8], limits: Limits) -> Result<Value, JsonError> {
    read(text, limits, ValueSeed(limits.depth))
}

/// Reads one JSON object.
///
/// # Errors
/// As [`parse`], and [`JsonError::Shape`] when the value is no object.
pub fn parse_object(text: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    match parse(text, limits)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError::Shape),
    }
}

/// Reads one JSON value straight into a type, after it was [`check`]ed: so also members the type ignores are held to the rules.
///
/// # Errors
/// As [`check`], and [`JsonError::Shape`] when the value does not fit the type.
pub fn from_slice<'text, T: serde::Deserialize<'text>>(text: &'text [u8], limits: Limits) -> Result<T, JsonError> {
    check(text, limits)?;
    read(text, limits, std::marker::PhantomData)
}

/// Checks one JSON value against the rules of this module and builds nothing.
///
/// # Errors
/// As [`parse`].
pub fn check(text: &[u8], limits: Limits) -> Result<(), JsonError> {
    read(text, limits, IgnoredSeed(limits.depth))
}

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Longer than the limit.
    TooLong,
    /// Nested deeper than the limit.
    TooDeep,
    /// One object names a member twice.
    DuplicateMember,
    /// Not JSON: a syntax error, a number no machine number can hold, text that is not UTF-8, or something after the end.
    Syntax,
    /// JSON, but not of the form that is expected here.
    Shape,
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "the JSON text is longer than allowed here",
            Self::TooDeep => TOO_DEEP,
            Self::DuplicateMember => DUPLICATE,
            Self::Syntax => "the text is not valid JSON in UTF-8",
            Self::Shape => "the JSON value does not have the form expected here",
        })
    }
}

impl std::error::Error for JsonError {}

const TOO_DEEP: &str = "the JSON value is nested deeper than allowed here";
const DUPLICATE: &str = "a JSON object names the same member twice";

/// Runs a seed over the whole text, with the size checked first and nothing allowed after the value.
pub(crate) fn read<'text, S: DeserializeSeed<'text>>(text: &'text [u8], limits: Limits, seed: S) -> Result<S::Value, JsonError> {
    if text.len() > limits.length_bytes {
        return Err(JsonError::TooLong);
    }
    // One pass over the whole text is cheaper than one over each string of it.
    let text = std::str::from_utf8(text).map_err(|_| JsonError::Syntax)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut reader).map_err(|error| reason(&error))?;
    reader.end().map_err(|error| reason(&error))?;
    Ok(value)
}

/// serde_json carries our own reasons only as text, so they are found by text; this runs only for what is refused.
fn reason(error: &serde_json::Error) -> JsonError {
    if !error.is_data() {
        return JsonError::Syntax;
    }
    let text = error.to_string();
    if text.starts_with(TOO_DEEP) {
        JsonError::TooDeep
    } else if text.starts_with(DUPLICATE) {
        JsonError::DuplicateMember
    } else {
        JsonError::Shape
    }
}

/// The error for a member that appears twice, for visitors elsewhere in this crate.
pub(crate) fn duplicate<E: serde::de::Error>() -> E {
    E::custom(DUPLICATE)
}

/// Builds a [`Value`]; the number is how many levels may still open.
#[derive(Clone, Copy)]
pub(crate) struct ValueSeed(pub(crate) usize);

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = Self(level_below(self.0)?);
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = Self(level_below(self.0)?);
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.insert(name, members.next_value_seed(inner)?).is_some() {
                return Err(duplicate());
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads and forgets a value, holding it to the same rules; the number is how many levels may still open.
#[derive(Clone, Copy)]
pub(crate) struct IgnoredSeed(pub(crate) usize);

impl<'de> DeserializeSeed<'de> for IgnoredSeed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IgnoredSeed {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inner = Self(level_below(self.0)?);
        while elements.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = Self(level_below(self.0)?);
        let mut names = Vec::new();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            names.push(name);
            members.next_value_seed(inner)?;
        }
        // Sorting bounds the cost for an object of thousands of members, where comparing each pair would not.
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(duplicate());
        }
        Ok(())
    }
}

fn level_below<E: serde::de::Error>(levels: usize) -> Result<usize, E> {
    levels.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
}

/// Reads a string, borrowed from the text where it holds no escapes.
#[derive(Clone, Copy)]
pub(crate) struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { length_bytes: 200, depth: 3 };

    fn refused(text: &[u8], expected: JsonError) {
        let shown = String::from_utf8_lossy(text);
        assert_eq!(parse(text, LIMITS), Err(expected), "{shown}");
        assert_eq!(check(text, LIMITS), Err(expected), "{shown}");
        assert_eq!(from_slice::<Value>(text, LIMITS), Err(expected), "{shown}");
    }

    #[test]
    fn values_are_read() {
        for text in
            ["null", " true ", "-1", "1.5", "18446744073709551615", "\"\\u00e9\"", "[]", "{\"a\":{\"b\":[1]},\"c\":{\"b\":2}}", "[[[1]]]"]
        {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text.as_bytes(), LIMITS), Ok(expected.clone()));
            assert_eq!(check(text.as_bytes(), LIMITS), Ok(()));
            assert_eq!(from_slice::<Value>(text.as_bytes(), LIMITS), Ok(expected));
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for text in
            ["{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"\\u0061\":2}", "[{\"x\":{\"a\":1,\"a\":2}}]", "{\"\":1,\"\":2}"]
        {
            refused(text.as_bytes(), JsonError::DuplicateMember);
        }
        for text in ["[[[[1]]]]", "[[[{}]]]", "{\"a\":{\"a\":{\"a\":{}}}}"] {
            refused(text.as_bytes(), JsonError::TooDeep);
        }
        for text in [
            &b""[..],
            b"\xEF\xBB\xBF{}",
            b"{} {}",
            b"{}x",
            b"{}\0",
            b"{'a':1}",
            b"{a:1}",
            b"{\"a\":1,}",
            b"[1,]",
            b"01",
            b"+1",
            b".5",
            b"NaN",
            b"Infinity",
            b"1e999",
            b"\"\xff\"",
            b"\"\\ud800\"",
            b"\"\t\"",
            b"// c\n{}",
            b"{\"a\":1",
        ] {
            refused(text, JsonError::Syntax);
        }
        refused("[]".repeat(101).as_bytes(), JsonError::TooLong);
    }

    #[test]
    fn a_deep_text_costs_no_stack() {
        let limits = Limits { length_bytes: 10_000_000, depth: 32 };
        for open in ["[", "{\"a\":"] {
            assert_eq!(parse(open.repeat(1_000_000).as_bytes(), limits), Err(JsonError::TooDeep));
        }
    }

    #[test]
    fn the_type_decides_the_shape() {
        assert_eq!(from_slice::<Vec<u8>>(b"[1,2]", LIMITS), Ok(vec![1, 2]));
        assert_eq!(from_slice::<Vec<u8>>(b"[256]", LIMITS), Err(JsonError::Shape));
        assert_eq!(parse_object(b"[]", LIMITS), Err(JsonError::Shape));
    }
}
