//! The rate limits of keys: for each that is in debt, one time in memory. A restart forgets them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jeton_core::id::ApiKeyId;
use jeton_core::rate::{Rate, RateLimit, take};

/// How many parts, each with a lock of its own that is held for some steps of arithmetic.
const SHARDS: usize = 64;
/// How many keys in debt a part has room for; one more is refused, rather than let through uncounted.
const SHARD_KEYS: usize = 2_048;

/// What keys owe to their limits.
pub(crate) struct Allowances([Mutex<HashMap<ApiKeyId, i64>>; SHARDS]);

impl Default for Allowances {
    fn default() -> Allowances {
        Allowances(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Allowances {
    /// Takes one use at a time, in microseconds.
    pub(crate) fn take(&self, key: ApiKeyId, limit: RateLimit, now_micros: i64) -> Rate {
        // The last bytes of an id are random.
        let place = usize::from(key.0.last().copied().unwrap_or_default()) % SHARDS;
        let Some(shard) = self.0.get(place) else { return no_room(limit, now_micros) };
        let mut owed = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let before = owed.get(&key).copied();
        if before.is_none() && owed.len() >= SHARD_KEYS {
            owed.retain(|_, until| now_micros < *until);
            if owed.len() >= SHARD_KEYS {
                return no_room(limit, now_micros);
            }
        }
        let rate = take(before, limit, now_micros);
        owed.insert(key, rate.state);
        rate
    }
}

fn no_room(limit: RateLimit, now_micros: i64) -> Rate {
    Rate { allowed: false, remaining: 0, reset_seconds: limit.period_seconds().into(), retry_seconds: 1, state: now_micros }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_owe_for_themselves_and_nobody_passes_uncounted() {
        let (allowances, limit) = (Allowances::default(), RateLimit::new(1, 60).unwrap());
        let key = |number: u64| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            ApiKeyId(id)
        };
        let room = SHARD_KEYS as u64;
        for number in 0..room {
            assert!(allowances.take(key(number), limit, 0).allowed);
            assert!(!allowances.take(key(number), limit, 1).allowed);
        }
        assert!(!allowances.take(key(room), limit, 1).allowed, "there is no room");
        assert!(!allowances.take(key(0), limit, 59_999_999).allowed);
        assert!(allowances.take(key(room), limit, 60_000_000).allowed, "what is paid leaves");
    }
}
