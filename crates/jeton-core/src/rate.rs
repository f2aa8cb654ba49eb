//! Rate limits: how often something may be used, by the generic cell rate algorithm. All that is kept is one time.

use crate::refusal::Refusal;

/// At most so many in a period: all of them at once, and each comes back after its part of the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    count: u32,
    period_seconds: u32,
}

const COUNT_MAX: u32 = 1_000_000;
const PERIOD_SECONDS_MAX: u32 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;

impl RateLimit {
    /// A limit.
    ///
    /// # Errors
    /// `InvalidRequest`, where the count is not within 1 to 1,000,000, or the period not within a second to a day.
    pub fn new(count: i64, period_seconds: i64) -> Result<RateLimit, Refusal> {
        let within = |number: i64, most: u32| u32::try_from(number).ok().filter(|number| (1..=most).contains(number));
        match (within(count, COUNT_MAX), within(period_seconds, PERIOD_SECONDS_MAX)) {
            (Some(count), Some(period_seconds)) => Ok(RateLimit { count, period_seconds }),
            _ => Err(Refusal::invalid("a rate limit counts 1 to 1000000 in 1 to 86400 seconds")),
        }
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// In how many seconds.
    #[must_use]
    pub fn period_seconds(self) -> u32 {
        self.period_seconds
    }

    /// Whether the other limit allows all that this one does.
    #[must_use]
    pub fn is_within(self, other: RateLimit) -> bool {
        let [own, others] = [(self, other), (other, self)].map(|(one, by)| u64::from(one.count) * u64::from(by.period_seconds));
        self.count <= other.count && own <= others
    }

    fn period_micros(self) -> i64 {
        i64::from(self.period_seconds) * MICROS_PER_SECOND
    }

    /// Until one comes back, in microseconds. Rounded up: it never allows more.
    fn interval_micros(self) -> i64 {
        let (period, count) = (self.period_micros(), i64::from(self.count));
        (period + count - 1) / count
    }
}

/// What a limit says to one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Whether it may go on.
    pub allowed: bool,
    /// How many more may go on at once.
    pub remaining: u32,
    /// When all of them are back, in seconds, rounded up.
    pub reset_seconds: i64,
    /// When the next one may go on, in seconds, rounded up; 0 where one may now.
    pub retry_seconds: i64,
    /// What is kept: when all of them are back, in microseconds. One that is past is the same as none.
    pub state: i64,
}

/// Takes one at `now_micros`; `state` is what was kept.
#[must_use]
pub fn take(state: Option<i64>, limit: RateLimit, now_micros: i64) -> Rate {
    let interval = limit.interval_micros();
    let room = interval.saturating_mul(i64::from(limit.count));
    // A time further ahead than the limit ever leads to is of a wider limit, or of a clock that was set back.
    let debt_until = state.unwrap_or(now_micros).clamp(now_micros, now_micros.saturating_add(room));
    let after = debt_until.saturating_add(interval);
    let allowed = after.saturating_sub(now_micros) <= room;
    let state = if allowed { after } else { debt_until };
    let free = room - state.saturating_sub(now_micros);
    let up_to_seconds = |micros: i64| micros.max(0).saturating_add(MICROS_PER_SECOND - 1) / MICROS_PER_SECOND;
    Rate {
        allowed,
        remaining: u32::try_from(free / interval).unwrap_or(0),
        reset_seconds: up_to_seconds(state.saturating_sub(now_micros)),
        retry_seconds: up_to_seconds(interval - free),
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000 * MICROS_PER_SECOND;

    fn limit(count: i64, period_seconds: i64) -> RateLimit {
        RateLimit::new(count, period_seconds).unwrap()
    }

    #[test]
    fn all_at_once_and_then_one_by_one() {
        let (three, mut state) = (limit(3, 60), None);
        let mut check = |after_seconds: i64, allowed: bool, remaining: u32, reset_seconds: i64, retry_seconds: i64| {
            let rate = take(state, three, NOW + after_seconds * MICROS_PER_SECOND);
            let said = (rate.allowed, rate.remaining, rate.reset_seconds, rate.retry_seconds);
            assert_eq!(said, (allowed, remaining, reset_seconds, retry_seconds), "after {after_seconds} s");
            state = Some(rate.state);
        };
        check(0, true, 2, 20, 0);
        check(0, true, 1, 40, 0);
        check(0, true, 0, 60, 20);
        check(0, false, 0, 60, 20);
        check(19, false, 0, 41, 1);
        check(20, true, 0, 60, 20);
        check(20, false, 0, 60, 20);
        check(80, true, 2, 20, 0);
    }

    #[test]
    fn never_more_than_twice_the_count_in_a_period_nor_beyond_the_rate() {
        for (count, period) in [(1, 1), (7, 3), (1_000, 1), (3, 86_400)] {
            let (limit, mut state, mut allowed) = (limit(count, period), None, 0);
            let (periods, steps) = (5, 20 * count);
            for step in 0..periods * steps {
                let rate = take(state, limit, NOW + step * limit.period_micros() / steps);
                allowed += i64::from(rate.allowed);
                state = Some(rate.state);
            }
            assert!(((periods - 1) * count..=(periods + 1) * count).contains(&allowed), "{count} in {period} s: {allowed}");
        }
    }

    #[test]
    fn what_is_kept_from_elsewhere_holds_up_nobody_for_longer_than_a_period() {
        let of_a_wider_limit = take(Some(i64::MAX), limit(3, 60), NOW);
        assert_eq!((of_a_wider_limit.allowed, of_a_wider_limit.reset_seconds), (false, 60));
        assert_eq!(take(Some(NOW - 1), limit(3, 60), NOW), take(None, limit(3, 60), NOW));
        assert_eq!(take(Some(i64::MIN), limit(3, 60), NOW), take(None, limit(3, 60), NOW));
    }

    #[test]
    fn limits() {
        for (count, period, expected) in [
            (1, 1, true),
            (1_000_000, 86_400, true),
            (0, 1, false),
            (1, 0, false),
            (-1, 1, false),
            (1_000_001, 1, false),
            (1, 86_401, false),
        ] {
            assert_eq!(RateLimit::new(count, period).is_ok(), expected, "{count} in {period} s");
        }
        for (own, other, expected) in
            [((3, 60), (3, 60), true), ((2, 60), (3, 60), true), ((3, 60), (3, 90), false), ((4, 90), (3, 60), false)]
        {
            assert_eq!(limit(own.0, own.1).is_within(limit(other.0, other.1)), expected, "{own:?} in {other:?}");
        }
    }
}
