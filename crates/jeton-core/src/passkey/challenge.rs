//! What an authenticator is asked to sign: drawn for one page, told only in it, and good once.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::commit::{Mark, MarkKind};
use crate::moment::{Moment, Time};

/// How long an answer is waited for, in seconds: a page that signs in may stand open for a while.
pub const GOOD_SECONDS: i64 = 3_600;

/// A random text that is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Challenge(pub [u8; 32]);

impl fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Challenge")
    }
}

/// What was asked, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is to be signed.
    pub challenge: Challenge,
    /// When it was drawn, in seconds.
    pub at: i64,
}

impl Asked {
    /// Something to be signed.
    pub fn draw(moment: &mut Moment) -> Asked {
        Asked { challenge: Challenge(moment.draw()), at: moment.now.seconds() }
    }

    /// Whether an answer is still waited for. What was answered before a restore that may lack it is known to nobody: nothing that was asked
    /// before `known_from_seconds` counts.
    #[must_use]
    pub fn is_open(&self, known_from_seconds: i64, now_seconds: i64) -> bool {
        (self.at..self.at.saturating_add(GOOD_SECONDS)).contains(&now_seconds) && self.at >= known_from_seconds
    }

    /// The mark of its answer: there is one.
    #[must_use]
    pub fn answered(&self) -> Mark {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, &self.challenge.0).as_ref());
        Mark { kind: MarkKind::PasskeyChallenge, key, until: Time::from_seconds(self.at.saturating_add(GOOD_SECONDS)) }
    }

    /// In bytes, to be sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.at.to_be_bytes()[..], &self.challenge.0].concat()
    }

    /// From bytes, and what follows it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Asked, &[u8])> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (challenge, rest) = rest.split_first_chunk::<32>()?;
        Some((Asked { challenge: Challenge(*challenge), at: i64::from_be_bytes(*at) }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_waited_for_an_hour_and_counts_once() {
        let asked = Asked { challenge: Challenge([7; 32]), at: 1_000 };
        for (known_from, now, expected) in
            [(0, 1_000, true), (0, 999, false), (0, 4_599, true), (0, 4_600, false), (1_000, 1_001, true), (1_001, 1_001, false)]
        {
            assert_eq!(asked.is_open(known_from, now), expected, "{known_from} {now}");
        }
        assert_eq!(Asked::from_bytes(&[&asked.to_bytes()[..], b"rest"].concat()), Some((asked, &b"rest"[..])));
        assert_eq!(Asked::from_bytes(&asked.to_bytes()[1..]), None);
        assert_eq!(asked.answered(), asked.answered());
        assert_ne!(asked.answered().key, Asked { challenge: Challenge([8; 32]), at: 1_000 }.answered().key);
        assert_eq!(format!("{asked:?}"), "Asked { challenge: Challenge, at: 1000 }");
    }
}
