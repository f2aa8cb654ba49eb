//! The process's one clock: the wall's time when it was last looked at, and what the boot clock counted since. Never back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jeton_core::moment::Time;
use jeton_service::posture::Look;
use rustix::time::{ClockId, clock_gettime};

/// A clock that does not go back between readings, and counts while the machine sleeps.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The wall's time minus the boot clock's, in microseconds.
    offset: AtomicI64,
    last: AtomicI64,
}

impl Clock {
    /// A clock set by the wall.
    #[must_use]
    pub(crate) fn start() -> Clock {
        Clock { offset: AtomicI64::new(wall_micros() - boot_micros()), last: AtomicI64::new(i64::MIN) }
    }

    /// The time.
    #[must_use]
    pub(crate) fn now(&self) -> Time {
        let reading = boot_micros().saturating_add(self.offset.load(Ordering::Acquire));
        Time::from_micros(self.last.fetch_max(reading, Ordering::AcqRel).max(reading))
    }

    /// Follows the wall again, and says what was seen: how far it had stepped, and how far it lies before what was read already.
    pub(crate) fn follow_wall(&self) -> Look {
        let (wall, boot) = (wall_micros(), boot_micros());
        let offset = wall - boot;
        let stepped = offset - self.offset.swap(offset, Ordering::AcqRel);
        let now = self.now();
        let held = now.micros().saturating_sub(wall).max(0);
        Look { now, stepped_seconds: stepped / 1_000_000, held_seconds: held / 1_000_000 }
    }
}

/// How long the machine has run: what the engine times its groups with.
pub(crate) fn uptime() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// The same in microseconds, for what is timed by the thousand.
pub(crate) fn uptime_micros() -> u64 {
    let reading = clock_gettime(ClockId::Monotonic);
    let micros = reading.tv_sec.saturating_mul(1_000_000).saturating_add(reading.tv_nsec / 1_000);
    u64::try_from(micros).unwrap_or(0)
}

fn boot_micros() -> i64 {
    let reading = clock_gettime(ClockId::Boottime);
    reading.tv_sec.saturating_mul(1_000_000).saturating_add(reading.tv_nsec / 1_000)
}

#[expect(clippy::disallowed_methods, reason = "the one place where the process reads the wall's time")]
fn wall_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_when_the_wall_does() {
        let clock = Clock::start();
        let before = clock.now();
        clock.offset.fetch_sub(3_600_000_000, Ordering::AcqRel);
        assert!(clock.now() >= before);
        let look = clock.follow_wall();
        assert!((3_590..=3_610).contains(&look.stepped_seconds), "{look:?}");
        assert_eq!(look.held_seconds, 0);
    }

    #[test]
    fn it_says_how_long_it_stands_still() {
        let clock = Clock::start();
        clock.offset.fetch_add(3_600_000_000, Ordering::AcqRel);
        let ahead = clock.now();
        let look = clock.follow_wall();
        assert!((-3_610..=-3_590).contains(&look.stepped_seconds) && (3_590..=3_600).contains(&look.held_seconds), "{look:?}");
        assert_eq!((look.now, clock.now()), (ahead, ahead));
    }
}
