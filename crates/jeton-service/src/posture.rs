//! What the clock allows: nothing is destroyed on the word of a clock that jumped, and nothing is granted before the ledger's head.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jeton_core::moment::Time;

use crate::moments::Moments;

/// A step of the clock beyond this, in seconds, stops destructive jobs.
const STEP_SECONDS: i64 = 10;
/// A start this long after the head, in seconds, stops destructive jobs.
const GAP_SECONDS: i64 = 24 * 3_600;
/// After this much uptime, in seconds, the clock is believed again.
const BELIEVED_AFTER_SECONDS: i64 = 24 * 3_600;

/// How far the clock is believed.
#[derive(Debug, Default)]
pub struct Posture {
    doubted_since: AtomicI64,
    is_accepted: AtomicBool,
}

impl Posture {
    /// The posture at a start: the clock reads `now`, the ledger ends at `head`.
    #[must_use]
    pub fn at_start(now: Time, head: Time) -> Posture {
        let posture = Posture::default();
        if head != Time::EPOCH && now.seconds() - head.seconds() > GAP_SECONDS {
            posture.doubt(now);
        }
        posture
    }

    /// The clock stepped: destructive jobs stop.
    pub fn observe_step(&self, step_seconds: i64, now: Time) {
        if step_seconds.abs() > STEP_SECONDS {
            self.doubt(now);
        }
    }

    /// An operator says that the clock is right.
    pub fn accept(&self) {
        self.doubted_since.store(0, Ordering::Release);
        self.is_accepted.store(true, Ordering::Release);
    }

    /// Whether purging, ageing and retention may go on.
    #[must_use]
    pub fn may_destroy(&self, now: Time) -> bool {
        match self.doubted_since.load(Ordering::Acquire) {
            0 => true,
            since => now.seconds() - since > BELIEVED_AFTER_SECONDS,
        }
    }

    /// Whether the clock stands so far before the head that only what takes authority away is committed.
    #[must_use]
    pub fn is_behind(&self, head: Time, moments: &Moments) -> bool {
        let gap_seconds = head.micros().saturating_sub(moments.time().micros()) / 1_000_000;
        gap_seconds > STEP_SECONDS && !self.is_accepted.load(Ordering::Acquire)
    }

    fn doubt(&self, now: Time) {
        self.doubted_since.store(now.seconds().max(1), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_stops_what_destroys_until_it_is_believed() {
        let day = |days: i64| Time::from_seconds(20_000 * 86_400 + days * 86_400);
        for (start, head, may) in [(day(0), Time::EPOCH, true), (day(1), day(0), true), (day(2), day(0), false), (day(-40), day(0), true)] {
            assert_eq!(Posture::at_start(start, head).may_destroy(start), may, "{start:?}");
        }
        let posture = Posture::at_start(day(0), day(0));
        posture.observe_step(-9, day(0));
        assert!(posture.may_destroy(day(0)));
        posture.observe_step(11, day(0));
        assert!(!posture.may_destroy(day(1)));
        assert!(posture.may_destroy(day(1).plus_seconds(1)));
        posture.observe_step(-3_600, day(3));
        posture.accept();
        assert!(posture.may_destroy(day(3)));
    }
}
