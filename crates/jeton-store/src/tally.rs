//! Amounts, counted by their size.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts amounts by their size: the first place has those up to a bound, each next one up to twice as much, the last one all others. A
/// note costs two additions that wait for nobody.
#[derive(Debug)]
pub struct Tally<const PLACES: usize> {
    first_bound: u64,
    counts: [AtomicU64; PLACES],
    sum: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tallied<const PLACES: usize> {
    /// The most that the first place counts.
    pub first_bound: u64,
    /// How many amounts are of each place's size.
    pub counts: [u64; PLACES],
    /// All amounts together.
    pub sum: u64,
}

impl<const PLACES: usize> Tally<PLACES> {
    /// Nothing counted yet.
    #[must_use]
    pub const fn new(first_bound: u64) -> Tally<PLACES> {
        Tally { first_bound, counts: [const { AtomicU64::new(0) }; PLACES], sum: AtomicU64::new(0) }
    }

    /// Counts an amount.
    pub fn note(&self, amount: u64) {
        let beyond = amount.saturating_sub(1) / self.first_bound.max(1);
        let place = (u64::BITS - beyond.leading_zeros()) as usize;
        if let Some(count) = self.counts.get(place).or(self.counts.last()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(amount, Ordering::Relaxed);
    }

    /// What was counted so far.
    #[must_use]
    pub fn read(&self) -> Tallied<PLACES> {
        let counts = std::array::from_fn(|place| self.counts.get(place).map_or(0, |count| count.load(Ordering::Relaxed)));
        Tallied { first_bound: self.first_bound, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl<const PLACES: usize> Tallied<PLACES> {
    /// The bound of each place but the last, which has none.
    pub fn bounds(&self) -> impl Iterator<Item = u64> {
        let first = self.first_bound;
        (0..PLACES.saturating_sub(1)).map(move |place| first << place)
    }

    /// How many amounts were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl<const PLACES: usize> Default for Tallied<PLACES> {
    fn default() -> Tallied<PLACES> {
        Tallied { first_bound: 1, counts: [0; PLACES], sum: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first_bound: u64, amounts: &[u64], expected: [u64; 4]) {
        let tally = Tally::<4>::new(first_bound);
        amounts.iter().for_each(|amount| tally.note(*amount));
        let tallied = tally.read();
        assert_eq!((tallied.counts, tallied.sum), (expected, amounts.iter().sum()), "{amounts:?}");
        assert_eq!(tallied.count(), amounts.len() as u64);
    }

    #[test]
    fn an_amount_counts_where_its_size_is() {
        check(1, &[0, 1], [2, 0, 0, 0]);
        check(1, &[2], [0, 1, 0, 0]);
        check(1, &[3, 4], [0, 0, 2, 0]);
        check(1, &[5, 1 << 40], [0, 0, 0, 2]);
        check(64, &[64, 65, 128, 129, 256, 257], [1, 2, 2, 1]);
        assert_eq!(Tally::<4>::new(64).read().bounds().collect::<Vec<_>>(), [64, 128, 256]);
    }
}
