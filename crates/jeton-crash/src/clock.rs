//! The clock of the harness itself.

use std::time::{Duration, Instant};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a harness measures how long a start takes and gives up on what hangs")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Gives up the processor for `duration`: between two looks at another process, or until a random moment.
pub(crate) fn pause(duration: Duration) {
    let end = now() + duration;
    while let Some(left) = end.checked_duration_since(now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}
