//! The choices of a story, all from its seed.

use jeton_core::moment::{Moment, Time};

pub(super) struct Chance(pub(super) Moment);

impl Chance {
    pub(super) fn new(seed: u64, now: Time) -> Chance {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Chance(Moment::new(now, bytes))
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        u64::from_be_bytes(self.0.draw()) % limit.max(1)
    }

    /// Yes, once in `odds`.
    pub(super) fn once_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let place = self.below(among.len() as u64);
        among.get(usize::try_from(place).unwrap_or(0))
    }
}
