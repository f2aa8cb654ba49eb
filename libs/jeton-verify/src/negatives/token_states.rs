//! What is said about single tokens, by their ids: a flat table of atomics. Whoever judges reads it without a lock; one at a time writes.
//!
//! There may be hundreds of thousands of entries, all read at a server's start and each asked about with every check of a token. So an
//! entry is three words in its place, without an allocation or a pointer of its own.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

/// What is said about one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenState {
    /// For good.
    pub(super) revoked: bool,
    /// Until it is resumed.
    pub(super) suspended: bool,
    /// When this may be forgotten, in seconds.
    pub(super) until: i64,
}

/// The states of tokens.
#[derive(Debug)]
pub(super) struct TokenStates {
    slots: ArcSwap<Slots>,
    /// How many slots are taken; held by whoever writes.
    taken: Mutex<usize>,
    seeds: (u64, u64),
}

#[derive(Debug, Default)]
struct Slots(Box<[Slot]>);

/// The two halves of an id and the state in one word, which is written last; 0 is an empty slot. A slot that was taken keeps its token.
#[derive(Debug, Default)]
struct Slot {
    token: [AtomicU64; 2],
    state: AtomicU64,
}

/// Slots for each token in a new table, and the part of a table that may be taken before there is a new one. The search for a token of
/// which nothing is said, which is what nearly every check does, looks at one and a half slots in a new table and at eight in a full one.
const ROOM: usize = 2;
const FULL: (usize, usize) = (3, 4);
const SLOTS_MIN: usize = 16;

impl Default for TokenStates {
    fn default() -> TokenStates {
        let random = RandomState::new();
        let seeds = (random.hash_one(0), random.hash_one(1));
        TokenStates { slots: ArcSwap::default(), taken: Mutex::default(), seeds }
    }
}

impl TokenStates {
    /// What is said about a token, if anything.
    pub(super) fn get(&self, token: &[u8; 16]) -> Option<TokenState> {
        let token = halves(token);
        self.slots.load().find(token, self.hash(token)).1.and_then(unpack)
    }

    /// Changes what is said about a token; `change` gets what was said before.
    pub(super) fn update(&self, token: [u8; 16], change: impl FnOnce(Option<TokenState>) -> TokenState) {
        let mut taken = self.lock();
        let token = halves(&token);
        let slots = self.slots.load();
        let (slot, before) = slots.find(token, self.hash(token));
        let state = pack(change(before.and_then(unpack)));
        if let (Some(slot), Some(_)) = (slot, before) {
            return slot.state.store(state, Ordering::Release);
        }
        *taken += 1;
        if *taken * FULL.1 > slots.0.len() * FULL.0 {
            drop(slots);
            self.rebuild(*taken, |_| true).put(token, self.hash(token), state);
        } else if let Some(slot) = slot {
            slot.put(token, state);
        }
    }

    /// Takes over what is said about `count` tokens that nothing is said about yet, with room for all of it from the start.
    pub(super) fn fill(&self, count: usize, states: impl Iterator<Item = ([u8; 16], TokenState)>) {
        let mut taken = self.lock();
        let fresh = self.rebuild(*taken + count, |_| true);
        for (token, state) in states {
            let token = halves(&token);
            *taken += usize::from(fresh.put(token, self.hash(token), pack(state)));
        }
    }

    /// Forgets every state that is not kept.
    pub(super) fn retain(&self, keep: impl Fn(&TokenState) -> bool) {
        let mut taken = self.lock();
        let mut kept = 0;
        self.slots.load().states().for_each(|(_, state)| kept += usize::from(keep(&state)));
        if kept < *taken {
            *taken = kept;
            self.rebuild(kept, keep);
        }
    }

    /// Every token and what is said about it.
    pub(super) fn for_each(&self, mut each: impl FnMut([u8; 16], TokenState)) {
        self.slots.load().states().for_each(|(token, state)| each(whole(token), state));
    }

    /// About how many tokens something is said.
    pub(super) fn len(&self) -> usize {
        *self.lock()
    }

    /// Another table with room for `count` tokens, and what is kept in it.
    fn rebuild(&self, count: usize, keep: impl Fn(&TokenState) -> bool) -> Arc<Slots> {
        let length = (count * ROOM).max(SLOTS_MIN);
        let fresh = Arc::new(Slots(std::iter::repeat_with(Slot::default).take(length).collect()));
        for (token, state) in self.slots.load().states().filter(|(_, state)| keep(state)) {
            fresh.put(token, self.hash(token), pack(state));
        }
        self.slots.store(fresh.clone());
        fresh
    }

    /// Ids are not chosen by those who ask, and the seeds are unknown to all: folding the product of both halves spreads them.
    fn hash(&self, token: [u64; 2]) -> u64 {
        let [high, low] = token;
        let product = u128::from(high ^ self.seeds.0) * u128::from(low ^ self.seeds.1);
        let [high, low] = halves(&product.to_be_bytes());
        high ^ low
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// The slot of a token and its state, or the empty slot where it would be; nothing where no slot is empty.
    fn find(&self, token: [u64; 2], hash: u64) -> (Option<&Slot>, Option<u64>) {
        let [high, low] = token;
        let (before, from) = self.0.split_at(self.place(hash));
        for slot in from.iter().chain(before) {
            let state = slot.state.load(Ordering::Acquire);
            if state == EMPTY {
                return (Some(slot), None);
            }
            let [own_high, own_low] = &slot.token;
            if own_low.load(Ordering::Relaxed) == low && own_high.load(Ordering::Relaxed) == high {
                return (Some(slot), Some(state));
            }
        }
        (None, None)
    }

    /// Takes a slot for a token that has none; whether it had none.
    fn put(&self, token: [u64; 2], hash: u64, state: u64) -> bool {
        let (slot, None) = self.find(token, hash) else { return false };
        slot.iter().for_each(|slot| slot.put(token, state));
        slot.is_some()
    }

    /// Where the search for a hash begins: it is to 2⁶⁴ what the place is to the length.
    fn place(&self, hash: u64) -> usize {
        usize::try_from((u128::from(hash) * self.0.len() as u128) >> 64).unwrap_or(0)
    }

    fn states(&self) -> impl Iterator<Item = ([u64; 2], TokenState)> {
        self.0.iter().filter_map(|slot| {
            let state = unpack(slot.state.load(Ordering::Acquire))?;
            Some((slot.token.each_ref().map(|half| half.load(Ordering::Relaxed)), state))
        })
    }
}

impl Slot {
    fn put(&self, token: [u64; 2], state: u64) {
        for (own, half) in self.token.iter().zip(token) {
            own.store(half, Ordering::Relaxed);
        }
        self.state.store(state, Ordering::Release);
    }
}

const EMPTY: u64 = 0;
const TAKEN: i64 = 1;
const REVOKED: i64 = 2;
const SUSPENDED: i64 = 4;

/// A state as a word, never 0: the time without its upper three bits, which no time needs, and three marks.
pub(super) fn pack(state: TokenState) -> u64 {
    let until = state.until.clamp(i64::MIN >> 3, i64::MAX >> 3) << 3;
    let marks = TAKEN | if state.revoked { REVOKED } else { 0 } | if state.suspended { SUSPENDED } else { 0 };
    (until | marks).cast_unsigned()
}

/// The state of a word; `None` of one that is none.
pub(super) fn unpack(word: u64) -> Option<TokenState> {
    let word = word.cast_signed();
    let state = TokenState { revoked: word & REVOKED != 0, suspended: word & SUSPENDED != 0, until: word >> 3 };
    (word & TAKEN != 0).then_some(state)
}

fn halves(token: &[u8; 16]) -> [u64; 2] {
    let (high, low) = token.split_at(8);
    [high, low].map(|half| half.try_into().map_or(0, u64::from_be_bytes))
}

fn whole([high, low]: [u64; 2]) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// SplitMix64.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % limit
        }
    }

    fn state(revoked: bool, suspended: bool, until: i64) -> TokenState {
        TokenState { revoked, suspended, until }
    }

    /// Alike in their first bytes, as ids of one moment are.
    fn token(number: u64) -> [u8; 16] {
        (u128::from(u64::MAX / 3) << 64 | u128::from(number)).to_be_bytes()
    }

    #[test]
    fn it_holds_what_an_ordinary_map_holds() {
        for seed in 0..40 {
            let mut dice = Dice(seed);
            let (states, mut model) = (TokenStates::default(), BTreeMap::new());
            let among = 1 + dice.below(3_000);
            for _ in 0..4_000 {
                let number = dice.below(among);
                let said = state(dice.below(2) == 0, dice.below(2) == 0, dice.below(1_000).cast_signed() - 500);
                match dice.below(400) {
                    0 => {
                        states.retain(|state| state.until >= said.until);
                        model.retain(|_, state: &mut TokenState| state.until >= said.until);
                    }
                    1 => {
                        let more: Vec<_> = (0..dice.below(300)).map(|place| (token(among + place), said)).collect();
                        states.retain(|_| false);
                        states.fill(more.len(), more.iter().copied());
                        model = more.into_iter().collect();
                    }
                    _ => {
                        let before = model.insert(token(number), said);
                        states.update(token(number), |old| {
                            assert_eq!(old, before, "seed {seed}");
                            said
                        });
                    }
                }
                let asked = token(dice.below(among));
                assert_eq!(states.get(&asked), model.get(&asked).copied(), "seed {seed}");
                assert_eq!(states.len(), model.len(), "seed {seed}");
            }
            let mut all = BTreeMap::new();
            states.for_each(|token, state| assert_eq!(all.insert(token, state), None, "seed {seed}"));
            assert_eq!(all, model, "seed {seed}");
        }
    }

    #[test]
    fn every_state_survives_its_word() {
        let farthest = i64::MAX >> 3;
        for until in [i64::MIN >> 3, -1, 0, 1, 4_102_444_800, farthest] {
            for marks in 0..4 {
                let state = state(marks & 1 != 0, marks & 2 != 0, until);
                assert_eq!(unpack(pack(state)), Some(state));
            }
        }
        assert_eq!(unpack(pack(state(true, false, i64::MAX))), Some(state(true, false, farthest)));
        assert_eq!(unpack(EMPTY), None);
    }

    #[test]
    fn what_was_seen_revoked_stays_so_while_the_table_grows() {
        const TOKENS: usize = 20_000;
        let (states, revoked, all_there) = (TokenStates::default(), AtomicUsize::new(0), Barrier::new(3));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                all_there.wait();
                for number in 0..TOKENS {
                    states.update(token(number as u64), |_| state(true, false, 9));
                    revoked.store(number + 1, Ordering::Release);
                    if number % 5_000 == 0 {
                        states.retain(|state| state.until == 9);
                    }
                }
            });
            for seed in 0..2 {
                let (states, revoked, all_there) = (&states, &revoked, &all_there);
                scope.spawn(move || {
                    let mut dice = Dice(seed);
                    all_there.wait();
                    loop {
                        let known = revoked.load(Ordering::Acquire);
                        if known == TOKENS {
                            break;
                        }
                        let asked = dice.below(known.max(1) as u64);
                        assert!(known == 0 || states.get(&token(asked)).is_some_and(|state| state.revoked), "seed {seed}");
                    }
                });
            }
        });
        assert_eq!(states.len(), TOKENS);
    }
}
