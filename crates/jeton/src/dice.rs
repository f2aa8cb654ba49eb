//! The process's chance: drawn from the operating system in larger pieces, since each draw costs as much as a signature's tenth.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SecureRandom as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Seeds a draw gives.
const SEEDS: usize = 64;
const SEED_BYTES: usize = 32;

/// Dice that many requests throw.
#[derive(Default)]
pub(crate) struct Dice {
    drawn: Mutex<Drawn>,
}

#[derive(Default)]
struct Drawn {
    bytes: Zeroizing<Vec<u8>>,
}

impl Dice {
    /// Thirty-two bytes that were given to nobody else.
    pub(crate) fn seed(&self) -> [u8; SEED_BYTES] {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.bytes.len() < SEED_BYTES {
            *drawn.bytes = vec![0; SEEDS * SEED_BYTES];
            fill(&mut drawn.bytes);
        }
        let left = drawn.bytes.len() - SEED_BYTES;
        let mut seed = [0; SEED_BYTES];
        if let Some(last) = drawn.bytes.get_mut(left..) {
            seed.copy_from_slice(last);
            // What was given is known to one request alone.
            last.zeroize();
        }
        drawn.bytes.truncate(left);
        seed
    }
}

/// Thirty-two random bytes of the operating system, for what is drawn once.
#[must_use]
pub(crate) fn seed() -> [u8; SEED_BYTES] {
    let mut seed = [0; SEED_BYTES];
    fill(&mut seed);
    seed
}

#[expect(clippy::disallowed_types, reason = "the one place where the process throws its dice")]
fn fill(bytes: &mut [u8]) {
    if aws_lc_rs::rand::SystemRandom::new().fill(bytes).is_err() {
        // Without chance every token could be guessed: there is no way to go on.
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_seed_is_given_twice() {
        let dice = Dice::default();
        let seeds: HashSet<[u8; SEED_BYTES]> = (0..3 * SEEDS + 1).map(|_| dice.seed()).chain([seed()]).collect();
        assert_eq!(seeds.len(), 3 * SEEDS + 2);
        assert!(!seeds.contains(&[0; SEED_BYTES]));
    }
}
