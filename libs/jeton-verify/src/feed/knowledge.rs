//! What a verifier knows, as the checking of tokens reads it: without a lock.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use jeton_oauth::feed::Change;
use jeton_token::TokenId;
use papaya::HashMap;

use crate::clock::Reading;
use crate::feed::outdated::Outdated;
use crate::fold::Folded;
use crate::negatives::Negatives;
use crate::staleness::{Hearing, Trust};

/// The negatives, how far they can be relied on, and when the last heartbeat was.
///
/// Whoever judges a token takes the [`hearing`](Self::hearing) first and the negatives after it: then they are at least as new.
#[derive(Debug, Default)]
pub struct Knowledge {
    negatives: ArcSwap<Negatives>,
    trust: AtomicU8,
    heard: Heard,
    refusals: HashMap<[u8; 16], Refusal>,
    /// Whether there ever was a refusal: until then nobody looks for one.
    has_refused: AtomicBool,
    outdated: Outdated,
    /// Held while negatives are replaced, so that none is lost in between.
    replacing: Mutex<()>,
}

/// The server, asked, refused a token.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// When it answered, by our uptime.
    answered: Duration,
    /// When the token is over, in seconds.
    until: i64,
}

/// The reading of the clocks at the last heartbeat, in nanoseconds and microseconds; zero uptime stands for never.
#[derive(Debug, Default)]
struct Heard {
    uptime: AtomicU64,
    since_1970: AtomicI64,
}

impl Knowledge {
    /// What speaks against tokens.
    #[must_use]
    pub fn negatives(&self) -> Guard<Arc<Negatives>> {
        self.negatives.load()
    }

    /// Takes up a change of the feed.
    pub(crate) fn apply(&self, change: &Change) -> Folded {
        self.outdated.note(change);
        self.negatives().apply(change)
    }

    /// How many changes were heard that make answers about keys old: to be asked before a question about an opaque text is sent.
    pub fn changes_heard(&self) -> u64 {
        self.outdated.heard()
    }

    /// Whether what is said of an opaque text may have changed since its question was sent, when so many changes had been heard.
    pub fn is_old(&self, id: TokenId, changes_heard: u64) -> bool {
        self.outdated.is_old(id, changes_heard)
    }

    /// How far the negatives can be relied on at this moment.
    #[must_use]
    pub fn hearing(&self, now: &Reading) -> Hearing {
        let uptime = self.heard.uptime.load(Ordering::Acquire);
        let since_1970 = self.heard.since_1970.load(Ordering::Acquire);
        let heard = Reading {
            uptime: Duration::from_nanos(uptime.saturating_sub(1)),
            since_1970: Duration::from_micros(since_1970.unsigned_abs()),
        };
        let trust = match self.trust.load(Ordering::Acquire) {
            0 => Trust::Sound,
            1 => Trust::Doubtful,
            _ => Trust::Broken,
        };
        Hearing { trust, silent_for: (uptime != 0).then(|| now.since(&heard)) }
    }

    /// The server, asked while this verifier could not hear, refuses the token. It stays refused until the feed must have told why, if it
    /// was because of the token: whoever may not ask is told the same of every one.
    pub fn refuse(&self, token: [u8; 16], until_seconds: i64, now: &Reading) {
        self.has_refused.store(true, Ordering::Release);
        self.refusals.pin().insert(token, Refusal { answered: now.uptime, until: until_seconds });
    }

    /// Whether the server refused the token, and the feed need not have told of it yet. Whoever judges takes the negatives after it: where
    /// the refusal was forgotten they hold what it was for.
    #[must_use]
    pub fn refuses(&self, token: &[u8; 16]) -> bool {
        self.has_refused() && self.refusals.pin().contains_key(token)
    }

    /// Whether the server ever refused a token.
    pub(crate) fn has_refused(&self) -> bool {
        self.has_refused.load(Ordering::Acquire)
    }

    /// A heartbeat came that was at most so long on its way. What the server had refused before that, the negatives know.
    pub(crate) fn forget_refusals(&self, now: &Reading, lag_seconds: i64) {
        if !self.has_refused() || self.trust() != Trust::Sound {
            return;
        }
        // The checkpoint's time is cut to the second.
        let lag = Duration::from_secs(u64::try_from(lag_seconds).unwrap_or(0).saturating_add(1));
        let may_be_untold = |refusal: &Refusal| now.uptime.saturating_sub(refusal.answered) <= lag;
        self.refusals.pin().retain(|_, refusal| may_be_untold(refusal) && now.seconds() < refusal.until);
    }

    /// Puts a newer reading in place of the old, without forgetting anything that the old one refused.
    pub(crate) fn replace(&self, newer: Negatives) {
        let _held = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        newer.absorb(&self.negatives.load());
        self.negatives.store(Arc::new(newer));
        // It tells how things are, and not what changed meanwhile.
        self.outdated.note_any();
    }

    pub(crate) fn set_trust(&self, trust: Trust) {
        let number = match trust {
            Trust::Sound => 0,
            Trust::Doubtful => 1,
            Trust::Broken => 2,
        };
        self.trust.store(number, Ordering::Release);
    }

    pub(crate) fn trust(&self) -> Trust {
        self.hearing(&Reading::default()).trust
    }

    pub(crate) fn heard(&self, now: &Reading) {
        let uptime = u64::try_from(now.uptime.as_nanos()).unwrap_or(u64::MAX).saturating_add(1);
        self.heard.since_1970.store(i64::try_from(now.since_1970.as_micros()).unwrap_or(i64::MAX), Ordering::Release);
        self.heard.uptime.store(uptime, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Reading {
        Reading { since_1970: Duration::from_secs(1_000_000 + seconds), uptime: Duration::from_secs(seconds) }
    }

    #[test]
    fn silence_is_counted_from_the_last_heartbeat() {
        let knowledge = Knowledge::default();
        assert_eq!(knowledge.hearing(&at(5)), Hearing { trust: Trust::Sound, silent_for: None });
        knowledge.heard(&at(0));
        assert_eq!(knowledge.hearing(&at(5)).silent_for, Some(Duration::from_secs(5)));
        knowledge.heard(&at(4));
        assert_eq!(knowledge.hearing(&at(5)).silent_for, Some(Duration::from_secs(1)));
        for trust in [Trust::Doubtful, Trust::Broken, Trust::Sound] {
            knowledge.set_trust(trust);
            assert_eq!((knowledge.trust(), knowledge.hearing(&at(5)).trust), (trust, trust));
        }
    }

    #[test]
    fn what_the_server_refused_stays_refused_until_a_heartbeat_must_be_newer() {
        let knowledge = Knowledge::default();
        assert!(!knowledge.refuses(&[1; 16]));
        knowledge.refuse([1; 16], 2_000_000, &at(100));
        knowledge.replace(Negatives::default());
        for (now, trust, refuses) in
            [(100, Trust::Sound, true), (136, Trust::Sound, true), (137, Trust::Doubtful, true), (137, Trust::Sound, false)]
        {
            knowledge.set_trust(trust);
            knowledge.forget_refusals(&at(now), 35);
            assert_eq!(knowledge.refuses(&[1; 16]), refuses, "{now} {trust:?}");
        }
        assert!(!knowledge.refuses(&[2; 16]));
    }
}
