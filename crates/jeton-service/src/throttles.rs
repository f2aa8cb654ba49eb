//! What is throttled: buckets in memory, so many at most, by keyed hashes of whom they are of. A restart forgets them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jeton_core::throttle::{self, Bucket, Kind, Wait};

/// In how many parts buckets of guesses lie, each with a lock of its own that is held for some steps of arithmetic.
const SHARDS_OF_GUESSES: usize = 64;
/// And those of what costs nothing to ask for.
const SHARDS_OF_REQUESTS: usize = 16;
/// How many buckets a part has: as many as a table of 2,048 places takes. All parts together take some 10 MiB at most.
const SHARD_BUCKETS: usize = 1_792;

/// Which bucket: of what kind, of whom, and where. There is no name and no address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BucketKey {
    kind: Kind,
    whose: [u8; 16],
    within: [u8; 16],
}

/// What was counted for one try.
#[derive(Debug)]
#[must_use = "a try that was none is given back, and one that succeeded forgets"]
pub struct Taken(Vec<(BucketKey, i64)>);

/// Every bucket.
pub(crate) struct Throttles {
    guesses: Vec<Mutex<HashMap<BucketKey, Bucket>>>,
    requests: Vec<Mutex<HashMap<BucketKey, Bucket>>>,
    refused: [AtomicU64; Kind::ALL.len()],
}

impl BucketKey {
    /// The bucket of whom a keyed hash names.
    pub(crate) fn new(kind: Kind, whose: [u8; 16], within: [u8; 16]) -> BucketKey {
        BucketKey { kind, whose, within }
    }
}

impl Taken {
    /// Which buckets it was counted in.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &BucketKey> {
        self.0.iter().map(|(key, _)| key)
    }
}

impl Default for Throttles {
    fn default() -> Throttles {
        let shards = |count: usize| (0..count).map(|_| Mutex::default()).collect();
        Throttles { guesses: shards(SHARDS_OF_GUESSES), requests: shards(SHARDS_OF_REQUESTS), refused: Default::default() }
    }
}

impl Throttles {
    /// Counts one try in each of these, or in none.
    pub(crate) fn take(&self, buckets: &[BucketKey], now: i64) -> Result<Taken, Wait> {
        let mut taken = Taken(Vec::with_capacity(buckets.len()));
        for (place, key) in buckets.iter().enumerate() {
            match self.take_one(key, now) {
                Ok(bucket) => taken.0.push((*key, bucket.begun_at)),
                Err(wait) => {
                    self.give_back(&taken);
                    self.count_refused(key.kind);
                    // The longest wait is told, so that nobody comes again in vain. What is only looked at makes no bucket.
                    let rest = buckets.get(place + 1..).unwrap_or_default().iter().filter_map(|key| self.look(key, now));
                    return Err(Wait { seconds: rest.map(|wait| wait.seconds).fold(wait.seconds, i64::max) });
                }
            }
        }
        Ok(taken)
    }

    fn take_one(&self, key: &BucketKey, now: i64) -> Result<Bucket, Wait> {
        let taken = self.with_shard(key, |shard| {
            if !shard.contains_key(key) && shard.len() >= SHARD_BUCKETS {
                make_room(shard, now);
            }
            let mut bucket = shard.get(key).copied();
            let taken = throttle::take(&mut bucket, key.kind.limit(), now);
            shard.extend(bucket.map(|bucket| (*key, bucket)));
            taken
        });
        // There is a part for each: whatever is not counted is not let through.
        taken.unwrap_or(Err(Wait { seconds: 1 }))
    }

    fn look(&self, key: &BucketKey, now: i64) -> Option<Wait> {
        let mut bucket = self.with_shard(key, |shard| shard.get(key).copied()).flatten();
        throttle::take(&mut bucket, key.kind.limit(), now).err()
    }

    /// Takes back what was counted.
    pub(crate) fn give_back(&self, taken: &Taken) {
        for (key, begun_at) in &taken.0 {
            self.with_shard(key, |shard| {
                match shard.get(key).map(|bucket| bucket.without_one(*begun_at)) {
                    Some(Some(bucket)) => drop(shard.insert(*key, bucket)),
                    Some(None) => drop(shard.remove(key)),
                    None => {}
                };
            });
        }
    }

    /// Forgets a bucket.
    pub(crate) fn forget(&self, key: &BucketKey) {
        self.with_shard(key, |shard| shard.remove(key));
    }

    /// Forgets every bucket of these kinds of somebody, wherever they are counted. They lie in one part.
    pub(crate) fn forget_all_of(&self, whose: &BucketKey, kinds: &[Kind]) {
        self.with_shard(whose, |shard| shard.retain(|key, _| key.whose != whose.whose || !kinds.contains(&key.kind)));
    }

    /// How often a bucket was full, by its kind.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().zip(self.refused.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    fn count_refused(&self, kind: Kind) {
        if let Some(count) = Kind::ALL.iter().position(|known| *known == kind).and_then(|place| self.refused.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of one person lie in one part: `whose` decides.
    fn with_shard<T>(&self, key: &BucketKey, act: impl FnOnce(&mut HashMap<BucketKey, Bucket>) -> T) -> Option<T> {
        let shards = if key.kind.is_of_guesses() { &self.guesses } else { &self.requests };
        let place = usize::from(key.whose.first().copied().unwrap_or_default()) % shards.len().max(1);
        shards.get(place).map(|shard| act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What is over leaves; where nothing is, what was tried longest ago.
fn make_room(shard: &mut HashMap<BucketKey, Bucket>, now: i64) {
    shard.retain(|key, bucket| !bucket.is_over(key.kind.limit(), now));
    if shard.len() >= SHARD_BUCKETS {
        let oldest = shard.iter().min_by_key(|(_, bucket)| bucket.last_at).map(|(key, _)| *key);
        oldest.map(|key| shard.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of many, all of which lie in one part.
    fn key(kind: Kind, number: u64) -> BucketKey {
        let mut whose = [0; 16];
        whose[8..].copy_from_slice(&number.to_be_bytes());
        BucketKey { kind, whose, within: [0; 16] }
    }

    fn waits(throttles: &Throttles, buckets: &[BucketKey], now: i64) -> Option<i64> {
        throttles.take(buckets, now).err().map(|wait| wait.seconds)
    }

    #[test]
    fn a_try_counts_in_all_of_its_buckets_or_in_none() {
        let throttles = Throttles::default();
        let [name, other] = [key(Kind::Name, 1), key(Kind::NameInNetwork, 1)];
        for at in 0..10 {
            assert_eq!(waits(&throttles, &[name, other], at), None);
        }
        // The second is full, so that the first is not filled either.
        for _ in 0..1_000 {
            assert_eq!(waits(&throttles, &[name, other], 100), Some(800));
        }
        for _ in 10..50 {
            assert_eq!(waits(&throttles, &[name], 200), None);
        }
        assert_eq!(waits(&throttles, &[name], 200), Some(700));
        assert_eq!(waits(&throttles, &[other, name], 300), Some(600), "the longest wait is told");
        assert_eq!(waits(&throttles, &[name, key(Kind::Network, 9)], 300), Some(600));
        assert_eq!(throttles.guesses[0].lock().unwrap().len(), 2, "what is refused makes no bucket");
        let refused: Vec<u64> = throttles.refused.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(refused[..3], [1_001, 2, 0]);
    }

    #[test]
    fn what_was_no_failure_is_given_back_and_what_is_known_is_forgotten() {
        let throttles = Throttles::default();
        let name = key(Kind::Name, 1);
        for _ in 0..1_000 {
            let taken = throttles.take(&[name], 0).unwrap();
            throttles.give_back(&taken);
        }
        assert!(throttles.guesses[0].lock().unwrap().is_empty());
        let elsewhere = BucketKey { within: [1; 16], ..key(Kind::NameInNetwork, 1) };
        let somebody_else = key(Kind::Name, 2);
        for key in [name, elsewhere, key(Kind::Device, 1), somebody_else] {
            let _ = throttles.take(&[key], 0).unwrap();
        }
        throttles.forget_all_of(&name, &[Kind::Name, Kind::NameInNetwork]);
        let mut left: Vec<_> = throttles.guesses[0].lock().unwrap().keys().map(|key| (key.kind, key.whose[15])).collect();
        left.sort_unstable();
        assert_eq!(left, [(Kind::Name, 2), (Kind::Device, 1)]);
    }

    #[test]
    fn there_are_so_many_at_most_and_the_oldest_go() {
        let throttles = Throttles::default();
        let room = SHARD_BUCKETS as u64;
        for number in 0..room {
            let _ = throttles.take(&[key(Kind::Name, number)], i64::try_from(number).unwrap() / 10).unwrap();
        }
        let held = |number: u64| throttles.guesses[0].lock().unwrap().contains_key(&key(Kind::Name, number));
        let _ = throttles.take(&[key(Kind::Name, 5)], 500).unwrap();
        let _ = throttles.take(&[key(Kind::Name, room)], 500).unwrap();
        assert_eq!(throttles.guesses[0].lock().unwrap().len(), SHARD_BUCKETS);
        assert!(held(room) && held(5) && (0..10).filter(|number| held(*number)).count() == 9);
        // What costs nothing pushes out no guess.
        for number in 0..3 * room {
            let _ = throttles.take(&[key(Kind::RequestOf, number)], 500).unwrap();
        }
        assert_eq!(throttles.guesses[0].lock().unwrap().len(), SHARD_BUCKETS);
        assert_eq!(throttles.requests[0].lock().unwrap().len(), SHARD_BUCKETS);
        // What is over makes room for all at once.
        let _ = throttles.take(&[key(Kind::Name, room + 1)], 1_050).unwrap();
        assert!(throttles.guesses[0].lock().unwrap().len() < SHARD_BUCKETS / 5);
    }
}
