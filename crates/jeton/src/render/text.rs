use std::fmt::Write as _;

use jeton_core::plain::steers;
use serde_json::Value;

pub(crate) use jeton_core::plain::shown;

/// Several lines, as they can be shown.
pub(crate) fn lines(text: &str) -> String {
    text.chars().map(|letter| if steers(letter) && letter != '\n' { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// JSON as a terminal can be shown it: what steers one is escaped (RFC 8259 section 7), so it says the same.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if steers(letter) && letter != '\n' {
            // Writing into memory cannot fail; what steers lies within the first plane.
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
    }
    text
}

/// The text of a member, as it can be shown; empty where there is none.
pub(crate) fn member(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => shown(text),
        Some(Value::Null) | None => String::new(),
        Some(other) => shown(&other.to_string()),
    }
}

/// The items of a list.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_and_steer_nothing() {
        assert_eq!(lines("a\u{1b}[31m\r\nb\u{202e}\n"), "a\u{fffd}[31m\u{fffd}\nb\u{fffd}\n");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value = serde_json::json!({"a\u{202e}b": ["\u{61c}\u{9b}\u{1b}", "Büro 7"]});
        let text = escaped(&format!("{value:#}"));
        assert!(
            text.contains("\\u202e") && text.contains("Büro 7") && !text.chars().any(|letter| steers(letter) && letter != '\n'),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
