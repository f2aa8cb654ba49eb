//! Says when the next request of a steady load is due.

use std::time::{Duration, Instant};

/// A steady rate. What was missed is made up for at once: a slow server is not spared.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    pub(super) fn new(rate: f64, start: Instant) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / rate), next: start }
    }

    /// Whether one is due at `now`; takes it if so.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next += self.interval;
        }
        due
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_and_made_up_for() {
        let start = crate::clock::now();
        let mut pace = Pace::new(100.0, start);
        assert!(pace.is_due(start));
        assert!(!pace.is_due(start + Duration::from_millis(9)));
        let late = start + Duration::from_millis(35);
        let made_up = std::iter::from_fn(|| pace.is_due(late).then_some(())).count();
        assert_eq!(made_up, 3);
        assert_eq!(pace.next(), start + Duration::from_millis(40));
    }
}
