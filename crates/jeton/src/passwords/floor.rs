//! How long a refusal takes at least. A hash that was made elsewhere takes another time than one of ours, and than the work that is done for names
//! that nobody has: a refusal waits until the slowest kind that was seen would have been compared, so that nobody learns by it who is known here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jeton_core::password::hash::How;

/// Of how many comparisons of a kind the median is taken.
const REMEMBERED: usize = 32;
/// How many kinds are told apart: imports have one or two.
const KINDS_MAX: usize = 16;

/// What comparisons took.
#[derive(Default)]
pub(super) struct Floor(Mutex<HashMap<Kind, Vec<u64>>>);

/// Which comparisons take the same time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind(&'static str, u32, u64);

impl Kind {
    /// Of our own hashes, and of none.
    pub(super) const OWN: Kind = Kind("own", 0, 0);

    /// Of one from elsewhere.
    pub(super) fn of(how: &How) -> Kind {
        match how {
            How::Argon2 { cost, .. } => Kind(how.name(), cost.passes, cost.memory_kib.into()),
            How::Bcrypt { cost, .. } => Kind(how.name(), *cost, 0),
            How::Scrypt { log_n, r, p, .. } => Kind(how.name(), (*log_n).into(), u64::from(*r) << 32 | u64::from(*p)),
            How::Pbkdf2 { digest, rounds, .. } => Kind(how.name(), *rounds, u64::try_from(digest.bytes()).unwrap_or(0)),
        }
    }
}

impl Floor {
    /// Notes what a comparison took, in microseconds, and says what a refusal takes at least.
    pub(super) fn note(&self, kind: Kind, micros: u64) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < KINDS_MAX || known.contains_key(&kind) {
            let taken = known.entry(kind).or_default();
            if taken.len() >= REMEMBERED {
                taken.remove(0);
            }
            taken.push(micros);
        }
        known.values().map(|taken| median(taken)).max().unwrap_or(0)
    }
}

fn median(taken: &[u64]) -> u64 {
    let mut sorted = taken.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_takes_as_long_as_the_slowest_kind() {
        let floor = Floor::default();
        let other = |name| Kind(name, 12, 0);
        assert_eq!(floor.note(Kind::OWN, 250), 250);
        assert_eq!(floor.note(Kind::OWN, 260), 260);
        assert_eq!(floor.note(other("PBKDF2"), 80), 260);
        assert_eq!(floor.note(other("bcrypt"), 400), 400);
        // One that was held up says nothing, and what was long ago nothing either.
        assert_eq!((floor.note(other("bcrypt"), 400), floor.note(other("bcrypt"), 9_000)), (400, 400));
        (0..40).for_each(|_| assert!(floor.note(other("bcrypt"), 300) >= 300));
        assert_eq!(floor.note(Kind::OWN, 250), 300);
        for number in 0..100 {
            floor.note(Kind("scrypt", number, 0), 1);
        }
        assert_eq!(floor.0.lock().unwrap().len(), KINDS_MAX);
    }
}
