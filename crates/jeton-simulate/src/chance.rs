//! All chance of a run: one stream from its seed (SplitMix64; Steele, Lea and Flood 2014).

/// A stream of choices.
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where there is none. The bias is far below what a simulation could notice.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.draw() % bound }
    }

    /// A number of `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs() + 1;
        low.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A position in something of that length; `None` where it is empty.
    pub fn place(&mut self, length: usize) -> Option<usize> {
        (length > 0).then(|| usize::try_from(self.below(length as u64)).unwrap_or(0))
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        self.place(among.len()).and_then(|place| among.get(place))
    }

    /// One of these, as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, among: &[(u64, T)]) -> Option<T> {
        let mut left = self.below(among.iter().map(|(weight, _)| weight).sum());
        among.iter().find_map(|(weight, choice)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it.then_some(*choice)
        })
    }

    /// A seed for a stream of its own.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for piece in seed.chunks_exact_mut(8) {
            piece.copy_from_slice(&self.draw().to_be_bytes());
        }
        seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_choices_and_weights_count() {
        let draws = |seed| {
            let mut chance = Chance::new(seed);
            (0..1_000).map(|_| chance.weighted(&[(0, 'a'), (1, 'b'), (9, 'c')])).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let rare = draws(7).iter().filter(|choice| **choice == Some('b')).count();
        assert!((50..200).contains(&rare) && !draws(7).contains(&Some('a')), "{rare}");
    }
}
