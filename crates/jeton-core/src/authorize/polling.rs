//! How often a device may ask (RFC 8628 section 3.5).

/// How long a device waits between two questions, in seconds: where nobody says otherwise, and longer by as much each time that it does not.
pub const INTERVAL_SECONDS: i64 = 5;
/// The longest that it is made to wait, in seconds.
pub const INTERVAL_MAX_SECONDS: i64 = 120;
/// How much less than that is taken for it, in seconds: an answer takes its time, and the next question less.
const LESS_SECONDS: i64 = 1;

/// When a device asked last, and how long it is to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// When, in seconds.
    pub at: i64,
    /// So long, in seconds.
    pub interval_seconds: i64,
}

/// Notes a question; whether it came too early, so that the device is to wait for longer from now on.
pub fn is_too_early(known: &mut Option<Polled>, now: i64) -> bool {
    let Some(before) = known else {
        *known = Some(Polled { at: now, interval_seconds: INTERVAL_SECONDS });
        return false;
    };
    // A clock that was set back makes nobody wait for longer.
    let waited = now.saturating_sub(before.at.min(now));
    let is_early = waited.saturating_add(LESS_SECONDS) < before.interval_seconds;
    let interval =
        if is_early { before.interval_seconds.saturating_add(INTERVAL_SECONDS).min(INTERVAL_MAX_SECONDS) } else { before.interval_seconds };
    *known = Some(Polled { at: now, interval_seconds: interval });
    is_early
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of questions at these times: `.`, or `!` for one that came too early.
    #[track_caller]
    fn check(times: &[i64], expected: &str) {
        let mut known = None;
        let seen: String = times.iter().map(|at| if is_too_early(&mut known, *at) { '!' } else { '.' }).collect();
        assert_eq!(seen, expected, "{times:?}");
    }

    #[test]
    fn whoever_asks_too_early_waits_for_longer_from_then_on() {
        check(&[0, 5, 10, 15], "....");
        check(&[0, 4, 8], "...");
        check(&[0, 3, 8, 22, 36], ".!!..");
        check(&[0, 0, 9, 13], ".!.!");
        check(&[0, 1, 2, 3, 22, 41], ".!!!..");
        check(&[0, 1, 2, 3, 21, 45], ".!!!!.");
    }

    #[test]
    fn it_ends_somewhere() {
        let mut known = None;
        for _ in 0..100 {
            is_too_early(&mut known, 0);
        }
        assert_eq!(known.unwrap().interval_seconds, INTERVAL_MAX_SECONDS);
        assert!(!is_too_early(&mut known, 120));
    }

    #[test]
    fn a_clock_that_is_set_back_counts_as_early_once() {
        check(&[1_000, 10, 20], ".!.");
    }
}
