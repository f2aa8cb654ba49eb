//! Text that steers nothing: whoever names a thing must not steer the terminal, or the page, of whoever reads of it.

/// Whether a letter steers what shows it: a control character, or one that changes the direction of writing.
#[must_use]
pub fn steers(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as it can be shown: what steers is replaced.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().map(|letter| if steers(letter) { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// A text as it can be shown, cut after so many characters.
#[must_use]
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", shown(text.get(..end).unwrap_or_default())),
        None => shown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        for (text, expected) in [
            ("Büro 7", "Büro 7"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\nb\u{9b}", "a\u{fffd}b\u{fffd}"),
            ("\u{202e}x\u{2066}\u{61c}\u{200f}", "\u{fffd}x\u{fffd}\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        for (text, expected) in [("abc", "abc"), ("abcd", "abc…"), ("äöüß", "äöü…"), ("\u{202e}bcd", "\u{fffd}bc…"), ("", "")]
        {
            assert_eq!(cut(text, 3), expected);
        }
    }
}
