//! What keys, people, clients and the like are looked for by: the beginnings of words, or of a key's id.

use std::sync::Arc;

use super::ApiKey;
use super::word::{split, words};
use crate::refusal::Refusal;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Each of them begins a word of the key.
    words: Vec<Arc<str>>,
    /// Or this begins its id.
    id: Option<Arc<str>>,
}

const CHARACTERS_MAX: usize = 200;
const WORDS_MAX: usize = 8;
/// With fewer digits a word that happens to be of digits alone would be taken for an id.
const ID_DIGITS_MIN: usize = 6;
const ID_DIGITS: usize = 32;

impl Search {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// `InvalidRequest`, with the rule.
    pub fn parse(text: &str) -> Result<Search, Refusal> {
        let typed = text.trim();
        let words: Vec<Arc<str>> = typed.split_whitespace().flat_map(|word| split(without_kind(word))).take(WORDS_MAX + 1).collect();
        if !(1..=WORDS_MAX).contains(&words.len()) || typed.chars().count() > CHARACTERS_MAX {
            return Err(Refusal::invalid(format!("what is looked for has 1 to {WORDS_MAX} words, {CHARACTERS_MAX} characters at most")));
        }
        let is_id = (ID_DIGITS_MIN..=ID_DIGITS).contains(&typed.len()) && typed.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(Search { words, id: is_id.then(|| typed.to_ascii_lowercase().into()) })
    }

    /// The longest word: the one that the fewest keys have.
    #[must_use]
    pub fn word(&self) -> &str {
        self.words.iter().max_by_key(|word| word.len()).map_or("", |word| word)
    }

    /// The least and the greatest id that begin as was typed, where that may be one.
    #[must_use]
    pub fn ids(&self) -> Option<([u8; 16], [u8; 16])> {
        let digits = self.id.as_deref()?;
        let filled = |with: char| -> Option<[u8; 16]> {
            let all: String = digits.chars().chain(std::iter::repeat(with)).take(ID_DIGITS).collect();
            Some(u128::from_str_radix(&all, 16).ok()?.to_be_bytes())
        };
        Some((filled('0')?, filled('f')?))
    }

    /// Whether a key is what is looked for by its id.
    #[must_use]
    pub fn is_id_of(&self, key: &ApiKey) -> bool {
        self.ids().is_some_and(|(least, greatest)| (least..=greatest).contains(&key.id.0))
    }

    /// Whether a key is what is looked for by its words.
    #[must_use]
    pub fn is_in_words_of(&self, key: &ApiKey) -> bool {
        let has = words(key);
        self.words.iter().all(|sought| has.iter().any(|word| word.starts_with(&**sought)))
    }

    /// Whether each of its words begins one of these texts', as keys are looked for.
    #[must_use]
    pub fn is_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let has: Vec<Arc<str>> = texts.into_iter().flat_map(split).collect();
        self.words.iter().all(|sought| has.iter().any(|word| word.starts_with(&**sought)))
    }

    /// The first of a key's words that the longest one begins: where it is found once, though several of its words may do.
    #[must_use]
    pub fn first_word_of(&self, key: &ApiKey) -> Option<Arc<str>> {
        let sought = self.word();
        words(key).into_iter().find(|word| word.starts_with(sought))
    }
}

/// The id of an owner, without what it shares with others of its kind.
fn without_kind(word: &str) -> &str {
    let name = ["client:", "user:", "group:", "external:"].into_iter().find_map(|kind| word.strip_prefix(kind)).unwrap_or(word);
    ["client_", "user_", "group_"].into_iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, words: &str, id: Option<&str>) {
        let search = Search::parse(typed).unwrap();
        assert_eq!((search.words.join(" "), search.id.as_deref()), (words.to_owned(), id), "{typed}");
    }

    #[test]
    fn what_is_typed() {
        check(" Nightly  EXPORT-2 ", "nightly export 2", None);
        check("client:client_aB3", "ab3", None);
        check("external:acme ÄRA", "acme ära", None);
        check("0199A2b3", "0199a2b3", Some("0199a2b3"));
        check("cafe", "cafe", None);
        check(&"a".repeat(33), &"a".repeat(32), None);
        for wrong in ["", " ", "-:\u{202e}", "a b c d e f g h i", &"é".repeat(201)] {
            assert!(Search::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_begin_those_of_texts() {
        let is_in = |typed: &str| Search::parse(typed).unwrap().is_in(["client_aB3x", "Night shift", "ship@a.example"]);
        for typed in ["night", "SHI", "shift nig", "client_aB3", "ab3", "ship@a.ex", "client:night"] {
            assert!(is_in(typed), "{typed}");
        }
        for typed in ["ight", "night day", "b3", "ship@b"] {
            assert!(!is_in(typed), "{typed}");
        }
    }

    #[test]
    fn ids_that_begin_so() {
        let (least, greatest) = Search::parse("0199a2b").unwrap().ids().unwrap();
        assert_eq!((least[..4].to_vec(), least[4..].to_vec()), (vec![0x01, 0x99, 0xa2, 0xb0], vec![0; 12]));
        assert_eq!((greatest[3], greatest[4..].to_vec()), (0xbf, vec![0xff; 12]));
        assert_eq!(Search::parse("a b").unwrap().ids(), None);
    }
}
