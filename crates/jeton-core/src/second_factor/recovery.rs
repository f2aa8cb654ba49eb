//! Codes for the day on which the telephone is lost: ten of them, each good once, kept as keyed hashes.

use std::fmt;

use jeton_token::{Secret, SecretHash};
use zeroize::Zeroizing;

use super::totp;
use crate::id::PersonId;
use crate::moment::Moment;
use crate::refusal::Refusal;
use crate::root_key::RootKeys;

/// How many there are.
pub const CODES: usize = 10;
/// How many letters each has, five bits in a letter.
const LETTERS: usize = 10;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Those that were not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Their keyed hashes.
    pub left: Vec<SecretHash>,
    /// The epoch of the root key that these are under.
    pub epoch: u16,
    /// When they were made, in seconds.
    pub made_at: i64,
}

/// What somebody shows as their second factor.
#[derive(Clone, PartialEq, Eq)]
pub enum Given {
    /// A code by time.
    Totp([u8; totp::DIGITS]),
    /// One from the sheet, as it was written there.
    Recovery(Secret),
}

impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Given::Totp(_) => "Totp",
            Given::Recovery(_) => "Recovery",
        })
    }
}

impl Given {
    /// What was typed, with spaces and dashes or without; `None`: it looks like neither.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Given> {
        let bare = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(LETTERS + 1);
        let bare: Zeroizing<String> = Zeroizing::new(bare.collect());
        if bare.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(digits) = bare.as_bytes().try_into()
        {
            return Some(Given::Totp(digits));
        }
        let bare = bare.to_ascii_lowercase();
        let is_one = bare.len() == LETTERS && bare.bytes().all(|byte| ALPHABET.contains(&byte));
        is_one.then(|| Given::Recovery(Secret::from(bare)))
    }
}

impl Recovery {
    /// New ones of a person, and what is kept of them.
    ///
    /// # Errors
    /// When the root key holds no epoch.
    pub fn draw(person: &PersonId, root_keys: &RootKeys, moment: &mut Moment) -> Result<(Vec<Secret>, Recovery), Refusal> {
        let (epoch, Some(keys)) = root_keys.current() else { return Err(Refusal::invalid("the root key holds no epoch")) };
        let codes: Vec<Zeroizing<String>> =
            (0..CODES).map(|_| Zeroizing::new(moment.draw::<LETTERS>().map(letter).iter().collect())).collect();
        let left = codes.iter().map(|code| keys.hash.hash(&hashed(person, code))).collect();
        let shown = |code: Zeroizing<String>| {
            Secret::from(code.split_at_checked(LETTERS / 2).map_or(String::new(), |(one, two)| format!("{one}-{two}")))
        };
        Ok((codes.into_iter().map(shown).collect(), Recovery { left, epoch, made_at: moment.now.seconds() }))
    }

    /// What is left without one of them; `None`: it is none of them. All are looked at, whichever it is.
    #[must_use]
    pub(super) fn without(&self, person: &PersonId, code: &Secret, root_keys: &RootKeys) -> Option<Recovery> {
        let hash = root_keys.epoch(self.epoch)?.hash.hash(&hashed(person, code.expose()));
        let left: Vec<SecretHash> = self.left.iter().filter(|kept| !kept.matches(&hash)).copied().collect();
        (left.len() < self.left.len()).then_some(Recovery { left, ..*self })
    }

    /// The same with none left.
    #[must_use]
    pub(super) fn none_left(self) -> Recovery {
        Recovery { left: Vec::new(), ..self }
    }

    /// Those of one sheet that are left of both; none where there were two sheets.
    #[must_use]
    pub fn intersection(&self, other: &Recovery) -> Recovery {
        let is_one_sheet = (self.made_at, self.epoch) == (other.made_at, other.epoch);
        let left = self.left.iter().filter(|hash| is_one_sheet && other.left.contains(hash)).copied().collect();
        Recovery { left, ..*self }
    }
}

fn letter(byte: u8) -> char {
    ALPHABET.get(usize::from(byte % 32)).map_or('a', |letter| char::from(*letter))
}

/// A code is its person's alone: the hash of one in the row of another is worth nothing.
fn hashed(person: &PersonId, code: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("recovery code of {person}: {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_one_or_the_other() {
        fn check(typed: &str, expected: Option<&Given>) {
            assert_eq!(Given::parse(typed).as_ref(), expected, "{typed:?}");
        }
        check("123456", Some(&Given::Totp(*b"123456")));
        check(" 123 456\n", Some(&Given::Totp(*b"123456")));
        check("123-456", Some(&Given::Totp(*b"123456")));
        let recovery = Given::Recovery(Secret::from("abcde23456"));
        check("abcde-23456", Some(&recovery));
        check("ABCDE 23456 ", Some(&recovery));
        for other in ["", "12345", "1234567", "12345a", "abcde-2345", "abcde-234567", "abcde-01890", "\u{661}23456", "abcde2345\u{e9}"] {
            check(other, None);
        }
        assert_eq!(format!("{recovery:?}"), "Recovery");
    }
}
