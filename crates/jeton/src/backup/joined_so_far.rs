//! How far the tail is joined, and when it is looked again.

use jeton_backup::join::Joined;
use jeton_core::commit::Sequence;
use jeton_core::moment::Time;

/// How often it is looked whether some can be joined, in seconds.
const EACH_SECONDS: i64 = 3_600;
/// How soon it is tried again whether what was joined may leave, in seconds.
const CLEAR_SECONDS: i64 = 86_400;

/// How far the tail is joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct JoinedSoFar {
    /// From which sequence on it is looked.
    from: Sequence,
    /// When it is looked next; at once where nobody did.
    next: Option<Time>,
    /// When it was seen that what was joined may not leave.
    kept: Option<Time>,
    /// How many segments a restore would read of those among which it was looked last.
    pub(super) left: Option<usize>,
}

impl JoinedSoFar {
    /// From which sequence on it is looked.
    pub(super) fn from(&self) -> Sequence {
        self.from
    }

    /// Whether it is known that what was joined may not leave.
    pub(super) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Looks again at that time.
    pub(super) fn again(&mut self, at: Time) {
        self.next = Some(at);
    }

    /// Whether it is to be looked now.
    pub(super) fn is_due(&self, now: Time) -> bool {
        // One that is far ahead is of a clock that was wrong.
        self.next.is_none_or(|next| next <= now || next > now.plus_seconds(2 * EACH_SECONDS))
    }

    /// Whether what was joined before is to leave.
    pub(super) fn is_clearing(&self, now: Time) -> bool {
        self.kept.is_none_or(|kept| kept.plus_seconds(CLEAR_SECONDS) <= now || kept > now)
    }

    /// Takes down what was done.
    pub(super) fn note(&mut self, joined: &Joined, is_clearing: bool, now: Time) {
        self.from = joined.from;
        self.left = Some(joined.left);
        self.next = Some(if joined.is_more { now } else { now.plus_seconds(EACH_SECONDS) });
        if joined.kept.is_some() {
            self.kept = Some(now);
        } else if is_clearing {
            self.kept = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Time {
        Time::from_seconds(1_790_000_000 + seconds)
    }

    #[test]
    fn it_is_looked_each_hour_and_at_once_where_there_is_more() {
        let mut so_far = JoinedSoFar::default();
        assert!(so_far.is_due(at(0)));
        so_far.note(&Joined { from: 7, ..Joined::default() }, true, at(0));
        let due = [1, HOUR - 1, HOUR, -1, -2 * HOUR].map(|seconds| so_far.is_due(at(seconds)));
        assert_eq!((due, so_far.from), ([false, false, true, false, true], 7));
        so_far.note(&Joined { is_more: true, ..Joined::default() }, true, at(0));
        assert!(so_far.is_due(at(0)));
    }

    #[test]
    fn what_may_not_leave_is_asked_for_once_a_day() {
        use jeton_backup::problem::{Problem, What};
        let refused = || Some(Problem { name: "tail/x".into(), what: What::Target("no".into()) });
        let mut so_far = JoinedSoFar::default();
        assert!(so_far.is_clearing(at(0)));
        so_far.note(&Joined { kept: refused(), ..Joined::default() }, true, at(0));
        assert_eq!([1, 24 * HOUR - 1, 24 * HOUR].map(|seconds| so_far.is_clearing(at(seconds))), [false, false, true]);
        // What was not asked says nothing.
        so_far.note(&Joined::default(), false, at(HOUR));
        assert!(!so_far.is_clearing(at(2 * HOUR)));
        so_far.note(&Joined::default(), true, at(25 * HOUR));
        assert!(so_far.is_clearing(at(25 * HOUR)));
    }
}
