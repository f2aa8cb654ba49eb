//! Time, handed in.

use std::time::Duration;

/// One reading of the clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Since 1970-01-01T00:00:00Z, as the machine believes. It may jump.
    pub since_1970: Duration,
    /// Since some moment in the past. It never goes back, but may stand still while the machine sleeps.
    pub uptime: Duration,
}

impl Reading {
    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.since_1970.as_secs()).unwrap_or(i64::MAX)
    }

    /// How long ago an earlier reading was, at least as far as either clock tells: one that went back or stood still hides nothing.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        self.uptime.saturating_sub(earlier.uptime).max(self.since_1970.saturating_sub(earlier.since_1970))
    }
}

/// Where a verifier reads the time. Implemented for closures.
pub trait Clock: Send + Sync + 'static {
    /// Reads the clocks.
    fn now(&self) -> Reading;
}

impl<F: Fn() -> Reading + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Reading {
        self()
    }
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// Starts counting the uptime.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock that is handed in where no other is: this file is the edge")]
    pub fn start() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the clock that is handed in where no other is: this file is the edge")]
    fn now(&self) -> Reading {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Reading { since_1970, uptime: self.started.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_says_longer_counts() {
        fn check(earlier: [u64; 2], now: [u64; 2], expected: u64) {
            let reading = |[since_1970, uptime]: [u64; 2]| Reading {
                since_1970: Duration::from_secs(since_1970),
                uptime: Duration::from_secs(uptime),
            };
            assert_eq!(reading(now).since(&reading(earlier)), Duration::from_secs(expected), "{earlier:?} {now:?}");
        }
        check([1_000, 10], [1_005, 15], 5);
        check([1_000, 10], [400, 15], 5);
        check([1_000, 10], [4_600, 11], 3_600);
        check([1_000, 10], [900, 10], 0);
    }
}
