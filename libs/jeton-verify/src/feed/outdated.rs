//! Which remembered answers are old, because what they say of an API key may have changed since they were asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use jeton_oauth::feed::{Change, Subject};
use jeton_token::TokenId;
use papaya::HashMap;

/// How many keys are told apart; with more, all answers are old.
const KEYS: usize = 4_096;

/// The changes that were heard, counted. Nothing here depends on a clock: an answer is as young as the last change that was heard before
/// its question was sent, and the server applies a change before it tells of it.
#[derive(Debug, Default)]
pub(crate) struct Outdated {
    heard: AtomicU64,
    /// The last change that may be of any key.
    of_any: AtomicU64,
    /// The last change of a key, by its id.
    of_one: HashMap<[u8; 16], u64>,
}

impl Outdated {
    /// How many changes were heard: to be asked before a question is sent.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    /// A change was heard. Those of single tokens are negatives, by which every answer is judged anyway.
    pub(crate) fn note(&self, change: &Change) {
        match change {
            Change::TokenRevoked { .. }
            | Change::TokenSuspended { .. }
            | Change::TokenResumed { .. }
            | Change::SigningKeyRevoked { .. }
            | Change::SigningKeysChanged => {}
            Change::Cutoff { subject: Subject::Key(id), .. } => match TokenId::parse(id.as_str()) {
                Ok(id) if self.of_one.len() < KEYS => {
                    let number = self.next();
                    self.of_one.pin().insert(id.to_bytes(), number);
                }
                _ => self.note_any(),
            },
            // The enum may grow: what is new may be about keys.
            _ => self.note_any(),
        }
    }

    /// Anything may have changed.
    pub(crate) fn note_any(&self) {
        let number = self.next();
        self.of_any.fetch_max(number, Ordering::AcqRel);
        // After it: whoever finds no key there finds this.
        self.of_one.pin().retain(|_, of_one| *of_one > number);
    }

    /// Whether an answer is old whose question was sent when so many changes had been heard.
    pub(crate) fn is_old(&self, id: TokenId, heard: u64) -> bool {
        let of_one = self.of_one.pin().get(&id.to_bytes()).copied().unwrap_or(0);
        of_one.max(self.of_any.load(Ordering::Acquire)) > heard
    }

    fn next(&self) -> u64 {
        self.heard.fetch_add(1, Ordering::AcqRel) + 1
    }
}

#[cfg(test)]
mod tests {
    use jeton_oauth::feed::SubjectId;

    use super::*;

    fn key(id: TokenId) -> Change {
        let subject = Subject::Key(SubjectId::parse(&id.to_string()).unwrap());
        Change::Cutoff { subject, before_seconds: 5, until_seconds: 9 }
    }

    #[test]
    fn an_answer_is_old_once_a_later_change_of_its_key_is_heard() {
        let (own, other) = (TokenId::from_bytes([1; 16]), TokenId::from_bytes([2; 16]));
        let (outdated, mut asked) = (Outdated::default(), 0);
        for (change, is_old) in [
            (key(other), false),
            (key(own), true),
            (Change::TokenRevoked { id: own, until_seconds: 9 }, false),
            (Change::SigningKeysChanged, false),
            (Change::KeysChanged, true),
            (Change::Cutoff { subject: Subject::Everything, before_seconds: 5, until_seconds: 9 }, true),
            (Change::Cutoff { subject: Subject::Key(SubjectId::parse("no id").unwrap()), before_seconds: 5, until_seconds: 9 }, true),
            (Change::Unknown { kind: "new".into() }, true),
        ] {
            outdated.note(&change);
            assert_eq!(outdated.is_old(own, asked), is_old, "{change:?}");
            asked = outdated.heard();
            assert!(!outdated.is_old(own, asked), "{change:?}");
        }
    }

    #[test]
    fn many_changes_are_forgotten_and_nothing_passes_by_that() {
        let outdated = Outdated::default();
        let ids = (0..3 * KEYS as u128).map(|number| TokenId::from_bytes(number.to_be_bytes()));
        for id in ids.clone() {
            outdated.note(&key(id));
        }
        assert!(outdated.of_one.len() <= KEYS);
        assert!(ids.clone().all(|id| outdated.is_old(id, 0)));
        let heard = outdated.heard();
        assert!(!ids.clone().any(|id| outdated.is_old(id, heard)));
    }
}
