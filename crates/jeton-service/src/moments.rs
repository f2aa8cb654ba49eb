//! Where moments come from: one clock and one source of chance, handed in when the service is made.

use jeton_core::moment::{Moment, Time};

/// A clock and dice. The process gives real ones; tests give their own.
pub struct Moments {
    clock: Box<dyn Fn() -> Time + Send + Sync>,
    dice: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
}

impl Moments {
    /// Moments that read `clock`, each with a seed of `dice`.
    pub fn new(clock: impl Fn() -> Time + Send + Sync + 'static, dice: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Moments {
        Moments { clock: Box::new(clock), dice: Box::new(dice) }
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
