//! The clocks of a measurement.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a bench reads clocks: that is its work")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Processor time of the calling thread so far.
pub(crate) fn thread_processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Seconds since 1970 (UTC).
pub(crate) fn unix_seconds() -> i64 {
    clock_gettime(ClockId::Realtime).tv_sec
}

/// Gives up the processor for `duration`; for polling a state of another process that cannot be waited for.
pub(crate) fn pause(duration: Duration) {
    let end = now() + duration;
    while let Some(left) = end.checked_duration_since(now()) {
        if left.is_zero() {
            break;
        }
        std::thread::park_timeout(left);
    }
}
