//! Clocks that the simulation turns: a machine's wall, which jumps, and a process's clock on it, which does not go back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jeton_core::moment::Time;
use jeton_service::posture::Look;

/// Where all walls begin, in seconds.
const BEGIN_SECONDS: i64 = 1_790_000_000;

/// What passes everywhere alike, in microseconds since the run began.
#[derive(Default)]
pub(crate) struct Passing(AtomicI64);

impl Passing {
    /// Since the run began.
    #[must_use]
    pub(crate) fn micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// A machine's clock on the wall.
pub(crate) struct Wall {
    passing: Arc<Passing>,
    shift: AtomicI64,
}

impl Wall {
    /// A wall that is right.
    #[must_use]
    pub(crate) fn new(passing: Arc<Passing>) -> Wall {
        Wall { passing, shift: AtomicI64::new(0) }
    }

    /// What it shows, in microseconds since 1970.
    #[must_use]
    pub(crate) fn micros(&self) -> i64 {
        BEGIN_SECONDS * 1_000_000 + self.passing.micros() + self.shift.load(Ordering::Relaxed)
    }

    /// What it shows, in seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.micros().div_euclid(1_000_000)
    }

    /// Somebody sets it so far from what is right, in seconds.
    pub(crate) fn set_wrong_by(&self, seconds: i64) {
        self.shift.store(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }
}

/// The clock of a server's process, as `jeton serve` keeps it: it counts by itself, follows the wall each second, and never goes back.
pub(crate) struct ProcessClock {
    wall: Arc<Wall>,
    offset: AtomicI64,
    last: AtomicI64,
}

impl ProcessClock {
    /// A clock set by the wall.
    #[must_use]
    pub(crate) fn start(wall: Arc<Wall>) -> ProcessClock {
        let offset = wall.micros() - wall.passing.micros();
        ProcessClock { wall, offset: AtomicI64::new(offset), last: AtomicI64::new(i64::MIN) }
    }

    /// The time.
    #[must_use]
    pub(crate) fn now(&self) -> Time {
        let reading = self.wall.passing.micros() + self.offset.load(Ordering::Relaxed);
        Time::from_micros(self.last.fetch_max(reading, Ordering::Relaxed).max(reading))
    }

    /// Follows the wall again, and says what was seen.
    pub(crate) fn follow_wall(&self) -> Look {
        let offset = self.wall.micros() - self.wall.passing.micros();
        let stepped = offset - self.offset.swap(offset, Ordering::Relaxed);
        let now = self.now();
        let held = (now.micros() - self.wall.micros()).max(0);
        Look { now, stepped_seconds: stepped / 1_000_000, held_seconds: held / 1_000_000 }
    }
}
