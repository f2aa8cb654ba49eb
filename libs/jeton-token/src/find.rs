//! Finds tokens in foreign text: logs, source code, a paste.
//!
//! One pass over the text: at each `_` it looks at no more than the length of a token, and sums only where the digits fit.

use std::ops::Range;

use crate::base62::{self, BODY_DIGITS, CHECKSUM_DIGITS};
use crate::format::{Head, Label, Token};
use crate::prefix::Prefix;

const DIGITS: usize = BODY_DIGITS + CHECKSUM_DIGITS;

/// Finds tokens whose checksum holds, of known prefixes or of any.
#[derive(Clone, Debug)]
pub struct Finder {
    known: Option<Vec<Prefix>>,
}

/// A token in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// What it says about itself in public.
    pub label: Label,
}

impl Finder {
    /// Finds tokens of these prefixes.
    #[must_use]
    pub fn of(prefixes: &[Prefix]) -> Self {
        Self { known: Some(prefixes.to_vec()) }
    }

    /// Finds tokens of whatever prefix.
    #[must_use]
    pub const fn any() -> Self {
        Self { known: None }
    }

    /// The tokens in the text, from the left, without overlap. The text need not be UTF-8, and a token may be glued to other characters.
    pub fn find<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Found> + 't {
        let mut from = 0;
        std::iter::from_fn(move || {
            let found = self.next_after(text, from)?;
            from = found.span.end;
            Some(found)
        })
    }

    /// The first token that starts at `from` or later.
    fn next_after(&self, text: &[u8], from: usize) -> Option<Found> {
        let mut search = from;
        loop {
            let underscore = search + text.get(search..)?.iter().position(|byte| *byte == b'_')?;
            search = underscore + 1;
            let after = text.get(search..)?;
            let Some(head) = Head::split(after) else { continue };
            let Some(digits) = head.rest.get(..DIGITS) else { continue };
            if digits.iter().all(|byte| base62::is_digit(*byte)) {
                let end = search + (after.len() - head.rest.len()) + DIGITS;
                if let Some(found) = self.ending_at(text, from, underscore, end) {
                    return Some(found);
                }
            }
        }
    }

    /// Tries the prefixes that end before this underscore, the longest first.
    fn ending_at(&self, text: &[u8], from: usize, underscore: usize, end: usize) -> Option<Found> {
        let before = text.get(from..underscore)?;
        let attempt = |prefix: &Prefix| {
            let span = underscore.checked_sub(prefix.as_bytes().len())?..end;
            let token = Token::parse_bytes(text.get(span.clone())?, prefix).ok()?;
            Some(Found { span, label: *token.label() })
        };
        match &self.known {
            Some(known) => known.iter().filter(|prefix| before.ends_with(prefix.as_bytes())).find_map(attempt),
            None => (Prefix::MIN_LEN..=Prefix::MAX_LEN.min(before.len())).rev().find_map(|len| {
                let prefix = std::str::from_utf8(before.get(before.len() - len..)?).ok()?;
                attempt(&Prefix::parse(prefix).ok()?)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TokenId;
    use crate::kind::{Environment, Kind};
    use crate::secret::{CheckKey, SecretBytes};

    fn token(prefix: &str, environment: Environment, kind: Kind, id: u8) -> String {
        let label = Label { prefix: Prefix::parse(prefix).unwrap(), environment, kind, epoch: 1, id: TokenId::from_bytes([id; 16]) };
        label.mint(&SecretBytes::new([id; 20]), &CheckKey::new(&[0; 32])).expose().to_owned()
    }

    fn found(finder: &Finder, text: &str) -> Vec<String> {
        finder.find(text.as_bytes()).map(|found| text[found.span].to_owned()).collect()
    }

    #[test]
    fn finds_in_all_surroundings() {
        let jtn = token("jtn", Environment::Live, Kind::AccessToken, 1);
        let test = token("acme2", Environment::Test, Kind::ApiKey, 2);
        let known = Finder::of(&[Prefix::default()]);
        for text in [
            jtn.clone(),
            format!("Authorization: Bearer {jtn}\r\n"),
            format!("\"{jtn}\""),
            format!("key={jtn}&more"),
            format!("_{jtn}_"),
            format!("x{jtn}x"),
            format!("https://host/{jtn}/é"),
            format!("jtn_at_{jtn}"),
            format!("jtn_jtn_test_{jtn}"),
        ] {
            assert_eq!(found(&known, &text), [jtn.as_str()], "{text}");
            assert_eq!(found(&Finder::any(), &text), [jtn.as_str()], "{text}");
        }
        let text = format!("{jtn}{test} {jtn}");
        assert_eq!(found(&Finder::any(), &text), [jtn.as_str(), test.as_str(), jtn.as_str()]);
        assert_eq!(found(&known, &text), [jtn.as_str(), jtn.as_str()]);
    }

    #[test]
    fn damaged_tokens_are_not_found() {
        let jtn = token("jtn", Environment::Live, Kind::RefreshToken, 1);
        for text in ["", "_", "jtn_at_", &jtn[1..], &jtn[..jtn.len() - 1], &jtn.replace("_rt_", "_at_"), &jtn.to_uppercase()] {
            assert_eq!(found(&Finder::any(), text), [""; 0], "{text}");
        }
    }

    #[test]
    fn text_need_not_be_utf8() {
        let jtn = token("jtn", Environment::Live, Kind::Session, 3);
        let text = [b"\xff\xfe_", jtn.as_bytes(), b"\xff"].concat();
        let all: Vec<Found> = Finder::any().find(&text).collect();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].span.clone(), all[0].label.kind), (3..3 + jtn.len(), Kind::Session));
    }

    #[test]
    fn hostile_text_is_read_in_one_pass() {
        // A quadratic search would not end on 4 MiB of each of these.
        for unit in ["_at_", "jtn_at_", "_", "jtn_test_key_0000000000", &format!("jtn_at_{}", "0".repeat(DIGITS))] {
            assert_eq!(Finder::any().find(unit.repeat((4 << 20) / unit.len()).as_bytes()).count(), 0, "{unit}");
        }
    }
}
