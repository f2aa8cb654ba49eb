//! How long a step took.

use std::time::{Duration, Instant};

/// Runs from its creation.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this process times other processes; nothing of Jeton runs on this reading")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// `4.2 s` below a minute, `3 min 07 s` from there on.
pub(crate) fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{:.1} s", duration.as_secs_f64()) } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(milliseconds: u64, expected: &str) {
        assert_eq!(spell(Duration::from_millis(milliseconds)), expected);
    }

    #[test]
    fn short_times_have_tenths_and_long_ones_minutes() {
        check(0, "0.0 s");
        check(4_210, "4.2 s");
        check(60_000, "1 min 00 s");
        check(187_000, "3 min 07 s");
    }
}
