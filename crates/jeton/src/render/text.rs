use serde_json::Value;

/// A text that a terminal can be shown: whoever named a thing must not steer the terminal of whoever lists it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|letter| if is_harmless(letter) { letter } else { char::REPLACEMENT_CHARACTER }).collect()
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

/// No control characters, nor those that change the direction of writing.
fn is_harmless(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, expected) in
            [("Büro 7", "Büro 7"), ("a\u{1b}[31mb", "a\u{fffd}[31mb"), ("a\nb", "a\u{fffd}b"), ("\u{202e}x\u{61c}", "\u{fffd}x\u{fffd}")]
        {
            assert_eq!(shown(text), expected);
        }
    }
}
