//! When a drill is due, and since when it is late.

/// What is known of drills, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drills {
    /// How often there is one.
    pub every: i64,
    /// When the last one passed.
    pub passed: Option<i64>,
    /// When the last one failed, since this process began.
    pub failed: Option<i64>,
    /// Since when this process watches.
    pub watched_since: i64,
    /// Since when there is a ledger.
    pub begun: i64,
}

/// A deployment of an hour has something to restore.
const FIRST_AFTER: i64 = 3_600;
/// How long after a failure the next is tried: a drill reads everything.
const AGAIN_AFTER: i64 = 3_600;
/// How much later than it is due one may pass.
pub const GRACE: i64 = 86_400;

impl Drills {
    /// Whether one is due.
    #[must_use]
    pub fn is_due(&self, now: i64) -> bool {
        let next = self.passed.map_or(self.watched_since + FIRST_AFTER, |passed| passed.saturating_add(self.every));
        let again = self.failed.map_or(i64::MIN, |failed| failed.saturating_add(AGAIN_AFTER));
        now >= next.max(again)
    }

    /// Whether the last one that passed is too long ago.
    #[must_use]
    pub fn is_overdue(&self, now: i64) -> bool {
        now > self.passed.unwrap_or(self.begun).saturating_add(self.every).saturating_add(GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn weekly_an_hour_after_the_first_start_and_an_hour_after_a_failure() {
        let check = |passed: Option<i64>, failed: Option<i64>, now: i64, due: bool, overdue: bool| {
            let drills = Drills { every: 7 * DAY, passed, failed, watched_since: 1_000, begun: 0 };
            assert_eq!((drills.is_due(now), drills.is_overdue(now)), (due, overdue), "{drills:?} at {now}");
        };
        check(None, None, 4_599, false, false);
        check(None, None, 4_600, true, false);
        check(None, Some(4_600), 8_199, false, false);
        check(None, Some(4_600), 8_200, true, false);
        check(None, None, 8 * DAY, true, false);
        check(None, None, 8 * DAY + 1, true, true);
        check(Some(DAY), None, 8 * DAY - 1, false, false);
        check(Some(DAY), None, 8 * DAY, true, false);
        check(Some(DAY), Some(8 * DAY), 8 * DAY + 3_599, false, false);
        check(Some(DAY), Some(8 * DAY), 9 * DAY + 1, true, true);
        check(Some(i64::MAX), None, 9 * DAY, false, false);
    }
}
