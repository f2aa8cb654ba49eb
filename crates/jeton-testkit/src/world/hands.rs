//! The hands that move a world's clock and throw its dice.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jeton_core::moment::Time;
use jeton_service::moments::Passing;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// When worlds begin: 2027-01-15T08:00:00Z, and a quarter of a second, so that rounding shows.
const BEGINNING: Time = Time::from_micros(1_800_000_000_250_000);

/// A clock that stands until it is moved, and dice that fall the same for the same number.
#[derive(Clone)]
pub struct Hands {
    micros: Arc<AtomicI64>,
    dice: Arc<Mutex<ChaCha12Rng>>,
}

impl Hands {
    /// Dice of this number.
    #[must_use]
    pub fn new(number: u64) -> Hands {
        Hands { micros: Arc::new(AtomicI64::new(BEGINNING.micros())), dice: Arc::new(Mutex::new(ChaCha12Rng::seed_from_u64(number))) }
    }

    /// What the clock reads.
    #[must_use]
    pub fn time(&self) -> Time {
        Time::from_micros(self.micros.load(Ordering::SeqCst))
    }

    /// What the clock reads, in whole seconds.
    #[must_use]
    pub fn now_seconds(&self) -> i64 {
        self.time().seconds()
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.advance_micros(seconds * 1_000_000);
    }

    /// Moves the clock by less than a second.
    pub fn advance_micros(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the clock for somebody who waits.
    #[must_use]
    pub fn pass(&self, duration: Duration) -> Passing {
        self.advance_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
        Box::pin(std::future::ready(()))
    }

    /// The next throw.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut seed);
        seed
    }
}
