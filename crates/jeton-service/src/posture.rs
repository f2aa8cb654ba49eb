//! What the clock allows: nothing is destroyed on the word of a clock that jumped, and nothing is granted before the ledger's head, nor
//! while the clock stands still since it was set back.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jeton_core::moment::Time;

use crate::moments::Moments;

/// A step of the clock beyond this, in seconds, stops destructive jobs.
const STEP_SECONDS: i64 = 10;
/// A start this long after the head, in seconds, stops destructive jobs; so does a leap of the ledger's time by as much.
pub(crate) const GAP_SECONDS: i64 = 24 * 3_600;
/// After this much uptime, in seconds, the clock is believed again.
const BELIEVED_AFTER_SECONDS: i64 = 24 * 3_600;

/// How far the clock is believed.
#[derive(Debug, Default)]
pub struct Posture {
    doubted_since: AtomicI64,
    held_seconds: AtomicI64,
    is_accepted: AtomicBool,
}

/// One look at the clock.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What it reads.
    pub now: Time,
    /// How far the wall's time had stepped since the last look, in seconds.
    pub stepped_seconds: i64,
    /// How far the wall's time lies before what was read already, in seconds: so long the clock stands still.
    pub held_seconds: i64,
}

/// What a look at the clock shows that an operator should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It was set, by so many seconds.
    Stepped(i64),
    /// It stands still for so many seconds.
    StandsStill(i64),
    /// It goes on.
    GoesOn,
}

impl Posture {
    /// The posture at a start: the clock reads `now`, the ledger ends at `head` and has leapt to `leap` less than a day before.
    #[must_use]
    pub fn at_start(now: Time, head: Time, leap: Option<Time>) -> Posture {
        let posture = Posture::default();
        if let Some(leap) = leap {
            posture.doubt(leap);
        }
        if head != Time::EPOCH && now.seconds() - head.seconds() > GAP_SECONDS {
            posture.doubt(now);
        }
        posture
    }

    /// Takes up a look at the clock. A step stops destructive jobs; a clock that stands still grants nothing, since what it would date
    /// lies ahead of everybody else's time.
    #[must_use]
    pub fn observe(&self, look: Look) -> Option<Notice> {
        let has_stepped = look.stepped_seconds.abs() > STEP_SECONDS;
        if has_stepped {
            self.doubt(look.now);
            // An operator's word was about the clock as it was.
            self.is_accepted.store(false, Ordering::Release);
        }
        let held_before = self.held_seconds.swap(look.held_seconds, Ordering::AcqRel);
        match (held_before > STEP_SECONDS, look.held_seconds > STEP_SECONDS) {
            (false, true) => Some(Notice::StandsStill(look.held_seconds)),
            (true, false) => Some(Notice::GoesOn),
            _ => has_stepped.then_some(Notice::Stepped(look.stepped_seconds)),
        }
    }

    /// An operator says that the clock is right.
    pub fn accept(&self) {
        self.doubted_since.store(0, Ordering::Release);
        self.is_accepted.store(true, Ordering::Release);
    }

    /// Whether there was a time since the start from which on the clock was not believed.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubted_since.load(Ordering::Acquire) != 0
    }

    /// Whether purging, ageing and retention may go on.
    #[must_use]
    pub fn may_destroy(&self, now: Time) -> bool {
        match self.doubted_since.load(Ordering::Acquire) {
            0 => true,
            since => now.seconds() - since > BELIEVED_AFTER_SECONDS,
        }
    }

    /// Whether the clock stands so far before the head, or before what it read already, that only what takes authority away is committed.
    #[must_use]
    pub fn is_behind(&self, head: Time, moments: &Moments) -> bool {
        let gap_seconds = head.micros().saturating_sub(moments.time().micros()) / 1_000_000;
        gap_seconds.max(self.held_seconds()) > STEP_SECONDS && !self.is_accepted.load(Ordering::Acquire)
    }

    /// How long the clock stands still, in seconds, until the wall's time reaches what was read already.
    #[must_use]
    pub fn held_seconds(&self) -> i64 {
        self.held_seconds.load(Ordering::Acquire)
    }

    fn doubt(&self, now: Time) {
        self.doubted_since.store(now.seconds().max(1), Ordering::Release);
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Stepped(seconds) => write!(
                formatter,
                "the clock was set by {seconds} s: nothing is deleted on its word for a day, or until `jeton serve --accept-clock`"
            ),
            Notice::StandsStill(seconds) => write!(
                formatter,
                "the clock was set back, {seconds} s before what it read already: until then time stands still here and only revocations are written; if it is right now, start anew, with `jeton serve --accept-clock` where the ledger ends later"
            ),
            Notice::GoesOn => formatter.write_str("the clock has caught up with what it read before: time goes on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> Time {
        Time::from_seconds(20_000 * 86_400 + days * 86_400)
    }

    fn look(now: Time, stepped_seconds: i64, held_seconds: i64) -> Look {
        Look { now, stepped_seconds, held_seconds }
    }

    #[test]
    fn a_jump_stops_what_destroys_until_it_is_believed() {
        for (start, head, may) in [(day(0), Time::EPOCH, true), (day(1), day(0), true), (day(2), day(0), false), (day(-40), day(0), true)] {
            assert_eq!(Posture::at_start(start, head, None).may_destroy(start), may, "{start:?}");
        }
        let posture = Posture::at_start(day(0), day(0), None);
        assert_eq!(posture.observe(look(day(0), -9, 9)), None);
        assert!(posture.may_destroy(day(0)));
        assert_eq!(posture.observe(look(day(0), 11, 0)), Some(Notice::Stepped(11)));
        assert!(!posture.may_destroy(day(1)));
        assert!(posture.may_destroy(day(1).plus_seconds(1)));
        assert!(posture.observe(look(day(3), -3_600, 3_600)).is_some());
        posture.accept();
        assert!(posture.may_destroy(day(3)));
    }

    #[test]
    fn a_clock_that_stands_still_is_said_once_and_grants_nothing() {
        let (posture, moments) = (Posture::at_start(day(0), day(0), None), Moments::new(|| day(40), || [0; 32]));
        for (look, notice, is_behind) in [
            (look(day(40), 40 * 86_400, 0), Some(Notice::Stepped(40 * 86_400)), false),
            (look(day(40), -40 * 86_400, 40 * 86_400), Some(Notice::StandsStill(40 * 86_400)), true),
            (look(day(40), 0, 40 * 86_400 - 1), None, true),
            (look(day(40), 0, 11), None, true),
            (look(day(40), 0, 10), Some(Notice::GoesOn), false),
            (look(day(40), 0, 0), None, false),
        ] {
            assert_eq!((posture.observe(look), posture.is_behind(day(0), &moments)), (notice, is_behind), "{look:?}");
        }
        posture.accept();
        assert!(!posture.is_behind(day(41), &moments), "an operator's word");
        assert!(posture.observe(look(day(40), -60, 60)).is_some());
        assert!(posture.is_behind(day(0), &moments), "which was about the clock as it was");
    }
}
