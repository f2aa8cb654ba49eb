//! A clock that goes when told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jeton_verify::clock::{Clock, Reading};

/// When the tests begin, in seconds since 1970.
pub(crate) const START: i64 = 1_800_000_000;

#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Reading>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        let since_1970 = Duration::from_secs(START.unsigned_abs());
        Self(Arc::new(Mutex::new(Reading { since_1970, uptime: Duration::from_secs(1) })))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        let mut reading = self.0.lock().unwrap();
        reading.since_1970 += Duration::from_secs(seconds);
        reading.uptime += Duration::from_secs(seconds);
    }

    /// The wall clock is put back; the uptime is not.
    pub(crate) fn put_back(&self, seconds: u64) {
        self.0.lock().unwrap().since_1970 -= Duration::from_secs(seconds);
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.now().seconds()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Reading {
        *self.0.lock().unwrap()
    }
}
