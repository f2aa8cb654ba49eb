//! When a certificate is ordered: pure of clock and dice.

use jeton_http::edge::Validity;

/// The first pause after a failure: an authority that counts failures has forgotten the first before it has counted five.
const FIRST_PAUSE: i64 = 120;

/// The longest.
const LONGEST_PAUSE: i64 = 6 * 3_600;

/// An authority whose certificates are due as soon as they are issued is not asked without end.
const LEAST_BETWEEN: i64 = 3_600;

/// When the next attempt is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    due_at: i64,
    failures: u32,
}

impl Schedule {
    /// At this second.
    pub(super) fn at(due_at: i64) -> Schedule {
        Schedule { due_at, failures: 0 }
    }

    /// When a third of the life of the certificate is left.
    pub(super) fn of(validity: Validity) -> Schedule {
        let life = validity.ends_seconds.saturating_sub(validity.begins_seconds);
        Schedule::at(validity.ends_seconds.saturating_sub(life / 3))
    }

    /// The same, of a certificate that was issued now.
    pub(super) fn issued(validity: Validity, now: i64) -> Schedule {
        Schedule::at(Schedule::of(validity).due_at.max(now.saturating_add(LEAST_BETWEEN)))
    }

    /// Once more after a pause that doubles with each failure, a quarter shorter or longer by chance: who failed together does not come
    /// back together.
    pub(super) fn failed(&mut self, now: i64, chance: u16) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        let jitter = pause * i64::from(chance) / i64::from(u16::MAX) / 2 - pause / 4;
        self.failures = self.failures.saturating_add(1);
        self.due_at = now.saturating_add(pause + jitter);
    }

    /// At once, where the attempt before failed.
    pub(super) fn hurry(&mut self, now: i64) {
        if self.failures > 0 {
            self.due_at = now;
        }
    }

    pub(super) fn is_due(self, now: i64) -> bool {
        now >= self.due_at
    }

    pub(super) fn due_at(self) -> i64 {
        self.due_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn validity(begins: i64, ends: i64) -> Validity {
        Validity { begins_seconds: begins, ends_seconds: ends }
    }

    #[test]
    fn it_is_due_when_a_third_is_left_and_not_before() {
        for (life, due) in [(90 * DAY, 60 * DAY), (6 * DAY, 4 * DAY), (3, 2), (0, 0)] {
            let schedule = Schedule::of(validity(1_000, 1_000 + life));
            assert!(!schedule.is_due(1_000 + due - 1) && schedule.is_due(1_000 + due), "{life}");
        }
        assert!(Schedule::of(validity(i64::MAX, i64::MIN)).is_due(0), "nonsense is replaced");
    }

    #[test]
    fn what_is_due_when_it_comes_is_not_asked_for_without_end() {
        let schedule = Schedule::issued(validity(0, 90 * DAY), 89 * DAY);
        assert!(!schedule.is_due(89 * DAY + LEAST_BETWEEN - 1) && schedule.is_due(89 * DAY + LEAST_BETWEEN));
    }

    #[test]
    fn pauses_double_up_to_six_hours_and_chance_moves_them_by_a_quarter() {
        let mut schedule = Schedule::at(0);
        for pause in [120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 21_600, 21_600] {
            for (chance, expected) in [(0, pause - pause / 4), (u16::MAX, pause + pause / 4)] {
                let mut tried = schedule;
                tried.failed(1_000, chance);
                assert_eq!(tried.due_at() - 1_000, expected, "{pause}");
            }
            schedule.failed(0, u16::MAX / 2);
        }
        for _ in 0..100 {
            schedule.failed(i64::MAX, u16::MAX);
        }
        assert_eq!(schedule.due_at(), i64::MAX);
    }

    #[test]
    fn only_a_failure_is_hurried() {
        let mut schedule = Schedule::at(500);
        schedule.hurry(100);
        assert_eq!(schedule.due_at(), 500);
        schedule.failed(500, 0);
        schedule.hurry(510);
        assert!(schedule.is_due(510));
    }
}
