//! Where moments come from: one clock and one source of chance, handed in when the service is made.

use std::pin::Pin;
use std::time::Duration;

use jeton_core::moment::{Moment, Time};

/// A clock and dice. The process gives real ones; tests give their own.
pub struct Moments {
    clock: Box<dyn Fn() -> Time + Send + Sync>,
    dice: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
    timer: Option<Timer>,
}

/// Lets time pass.
type Timer = Box<dyn Fn(Duration) -> Passing + Send + Sync>;

/// Done once the time has passed.
pub type Passing = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Moments {
    /// Moments that read `clock`, each with a seed of `dice`.
    pub fn new(clock: impl Fn() -> Time + Send + Sync + 'static, dice: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Moments {
        Moments { clock: Box::new(clock), dice: Box::new(dice), timer: None }
    }

    /// With a timer, for the few who may wait a moment. Without one nobody waits.
    #[must_use]
    pub fn with_timer(self, timer: impl Fn(Duration) -> Passing + Send + Sync + 'static) -> Moments {
        Moments { timer: Some(Box::new(timer)), ..self }
    }

    /// Lets time pass; `false` at once where nothing can.
    pub(crate) async fn pass(&self, micros: i64) -> bool {
        let Some(timer) = &self.timer else { return false };
        timer(Duration::from_micros(micros.max(0).unsigned_abs())).await;
        true
    }

    /// The moment of a request: made once, kept over its retries.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::new((self.clock)(), (self.dice)())
    }

    /// The clock's reading, where no chance is needed.
    #[must_use]
    pub fn time(&self) -> Time {
        (self.clock)()
    }
}
