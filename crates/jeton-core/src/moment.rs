//! The one instant and the one source of chance of a request.

use std::fmt;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::Zeroize;

/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;

impl Time {
    /// The earliest time there is.
    pub const EPOCH: Time = Time(0);

    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Time {
        Time(micros)
    }

    /// From whole seconds since the Unix epoch; saturates.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Time {
        Time(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the Unix epoch, rounded down: the `NumericDate` of RFC 7519 section 2.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This time and `seconds` more; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Time {
        Time(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// This time, or the next whole second where it is none; saturates.
    #[must_use]
    pub const fn up_to_second(self) -> Time {
        if self.0 % MICROS_PER_SECOND == 0 { self } else { self.next_second() }
    }

    /// The first whole second after this time.
    #[must_use]
    pub const fn next_second(self) -> Time {
        Time::from_seconds(self.seconds().saturating_add(1))
    }
}

/// What a decision may know of now and of chance. Made once per request and kept over its retries, so that a decision made again
/// decides the same.
#[derive(Clone)]
pub struct Moment {
    /// The instant of the request: the clock's reading, never before the ledger's head.
    pub now: Time,
    entropy: Entropy,
    once: Option<Once>,
}

/// What a moment carries of a request that may be repeated: how it is recognised, and where its secrets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// Who sent it where, under which text.
    pub key: [u8; 32],
    /// What it said.
    pub body: [u8; 32],
    /// What its secrets come from: drawn for it, and kept until it is over.
    pub salt: [u8; 32],
    /// The version of the row that remembers an earlier request of the same key, which is over; `None`: there is none.
    pub known: Option<u64>,
}

impl Moment {
    /// A moment at `now` whose chance flows from `seed`.
    #[must_use]
    pub fn new(now: Time, seed: [u8; 32]) -> Moment {
        Moment { now, entropy: Entropy { seed, stream: None }, once: None }
    }

    /// `N` random bytes.
    pub fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.stream().fill_bytes(&mut bytes);
        bytes
    }

    /// A moment of the same instant with chance of its own: for one of several commits that one request makes. A clone would draw the
    /// same ids, nonces and secrets again; and one from before the split would give away what the split draws.
    #[must_use]
    pub fn split(&mut self) -> Moment {
        Moment::new(self.now, self.draw())
    }

    /// The same moment, of the request of another: for the one of several commits that the request is for.
    #[must_use]
    pub fn repeating(self, request: &Moment) -> Moment {
        Moment { once: request.once, ..self }
    }

    /// The same moment, of a request that may be repeated.
    #[must_use]
    pub fn once(mut self, key: [u8; 32], body: [u8; 32]) -> Moment {
        let salt = self.draw();
        self.once = Some(Once { key, body, salt, known: None });
        self
    }

    /// The same moment, of a request that is known to repeat none but one that is over.
    #[must_use]
    pub fn knowing(mut self, over: Option<u64>) -> Moment {
        self.once = self.once.map(|once| Once { known: over, ..once });
        self
    }

    /// Its request, if that may be repeated.
    #[must_use]
    pub fn repeated(&self) -> Option<Once> {
        self.once
    }

    /// The same moment, not before `head`: ledger time never goes back.
    #[must_use]
    pub fn not_before(mut self, head: Time) -> Moment {
        self.now = self.now.max(head);
        self
    }

    /// Sixteen bytes that sort by time: 48 bits of milliseconds, then 80 random bits.
    pub fn draw_time_ordered(&mut self) -> [u8; 16] {
        let mut bytes = self.draw::<16>();
        let millis = self.now.millis().to_be_bytes();
        for (place, byte) in bytes.iter_mut().zip(millis.iter().skip(2)) {
            *place = *byte;
        }
        bytes
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Moment").field("now", &self.now).finish_non_exhaustive()
    }
}

/// A stream of random bytes from a 256-bit seed, which begins when something is first drawn: most requests draw nothing. It has no `Debug`:
/// whoever reads it can forge the tokens of its request.
#[derive(Clone)]
struct Entropy {
    seed: [u8; 32],
    stream: Option<Box<ChaCha12Rng>>,
}

impl Entropy {
    fn stream(&mut self) -> &mut ChaCha12Rng {
        self.stream.get_or_insert_with(|| Box::new(ChaCha12Rng::from_seed(self.seed)))
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.seed.zeroize();
        if let Some(stream) = &mut self.stream {
            **stream = ChaCha12Rng::from_seed(self.seed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_draws() {
        let mut first = Moment::new(Time::from_seconds(7), [3; 32]);
        let mut again = first.clone();
        assert_eq!(first.draw::<40>(), again.draw::<40>());
        assert_ne!(first.draw::<40>(), Moment::new(Time::EPOCH, [4; 32]).draw::<40>());
    }

    #[test]
    fn a_split_moment_draws_its_own() {
        let whole = Moment::new(Time::from_seconds(7), [3; 32]);
        let mut moment = whole.clone();
        let [mut first, mut second] = [moment.split(), moment.split()];
        assert_eq!((first.now, second.now), (whole.now, whole.now));
        let drawn = [whole.clone().draw::<32>(), moment.draw::<32>(), first.draw::<32>(), second.draw::<32>()];
        for (place, draw) in drawn.iter().enumerate() {
            assert!(!drawn[..place].contains(draw), "{place}");
        }
        assert_eq!(whole.clone().split().draw::<32>(), drawn[2], "a decision made again decides the same");
    }

    #[test]
    fn time_ordered_ids_sort_by_time() {
        let early = Moment::new(Time::from_micros(1_700_000_000_000_999), [9; 32]).draw_time_ordered();
        let late = Moment::new(Time::from_micros(1_700_000_000_001_000), [1; 32]).draw_time_ordered();
        assert!(early < late);
    }

    #[test]
    fn seconds_round_down_also_before_the_epoch() {
        for (micros, seconds) in [(0, 0), (999_999, 0), (1_000_000, 1), (-1, -1)] {
            assert_eq!(Time::from_micros(micros).seconds(), seconds, "{micros}");
        }
        assert_eq!(Time::from_micros(5_000_000).next_second(), Time::from_seconds(6));
        for (micros, seconds) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (-1, 0), (-1_000_000, -1)] {
            assert_eq!(Time::from_micros(micros).up_to_second(), Time::from_seconds(seconds), "{micros}");
        }
    }
}
