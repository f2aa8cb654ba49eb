//! Refreshing by chance: owners, lost replies, two tabs, thieves, compared with somebody who remembers every spending for ever.

use jeton_core::api_key::state::State;
use jeton_core::grant::refresh::How;
use jeton_core::moment::{Moment, Time};
use jeton_core::outcome::Outcome;
use jeton_oauth::ScopeSet;

use crate::grants::{Around, owner, put, thief};
use crate::known::NOW;

/// How many histories are made, and how many steps each has.
const HISTORIES: u64 = 3_000;
const STEPS: usize = 40;

/// Whoever remembers every spending.
struct Memory {
    /// When each generation was spent, and whether by the owner.
    spent: Vec<(i64, bool)>,
    recovered_at: Option<i64>,
    is_dead: bool,
}

/// What is expected.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Rotated,
    Served,
    Refused,
}

impl Memory {
    fn present(&mut self, generation: usize, is_owner: bool, window: i64, now: i64) -> Expected {
        if self.is_dead {
            return Expected::Refused;
        }
        let current = self.spent.len() + 1;
        let within = |at: i64| at + window > now;
        if generation == current {
            if self.spent.iter().filter(|(at, _)| within(*at)).count() >= 8 {
                return Expected::Served;
            }
            self.spent.push((now, is_owner));
            return Expected::Rotated;
        }
        let (spent_at, was_owner) = *self.spent.get(generation - 1).unwrap();
        if within(spent_at) {
            return Expected::Served;
        }
        let may_again = self.recovered_at.is_none_or(|at| within(at) || now >= at + 86_400);
        if generation + 1 == current && may_again && was_owner == is_owner {
            if !self.recovered_at.is_some_and(within) {
                self.recovered_at = Some(now);
            }
            return Expected::Served;
        }
        self.is_dead = true;
        Expected::Refused
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % sides
    }
}

/// How a history goes.
struct Play {
    around: Around,
    memory: Memory,
    /// The newest generation that the owner was told of, and the one that a thief has.
    owners: usize,
    thiefs: usize,
    now: i64,
    is_refused: bool,
    rotations: Vec<[u8; 16]>,
}

impl Play {
    fn new(window_seconds: i64) -> Play {
        let around = Around { window_seconds, ..Around::new() };
        let memory = Memory { spent: vec![], recovered_at: None, is_dead: false };
        Play { around, memory, owners: 1, thiefs: 0, now: NOW, is_refused: false, rotations: vec![] }
    }

    /// Presents a token; the generation that is told, if any.
    fn present(&mut self, generation: usize, is_owner: bool, seed: u64, step: usize) -> Option<usize> {
        let sender = if is_owner { owner() } else { thief() };
        let chance = [seed.to_be_bytes(), (step as u64).to_be_bytes(), [1; 8], [2; 8]].concat();
        let mut moment = Moment::new(Time::from_seconds(self.now), chance.try_into().unwrap());
        let expected = self.memory.present(generation, is_owner, self.around.window_seconds, self.now);
        let Outcome { verdict, commit } = self.around.refresh(u32::try_from(generation).unwrap(), &sender, &mut moment);
        let found = match &verdict {
            Ok(refreshed) if refreshed.how == How::Rotated => Expected::Rotated,
            Ok(_) => Expected::Served,
            Err(_) => Expected::Refused,
        };
        assert_eq!(found, expected, "seed {seed}, step {step}: generation {generation} at {}", self.now - NOW);
        let before = self.around.family().generation;
        if let Some(grant) = put(&commit) {
            let after = grant.family.as_ref().unwrap().generation;
            assert!(after == before || after == before + 1, "seed {seed}: generations go up by one");
        }
        self.around.apply(&commit);
        if let Ok(refreshed) = &verdict {
            if refreshed.how == How::Rotated {
                assert!(!self.rotations.contains(&refreshed.issued.token.id.0), "seed {seed}: one token for each generation");
                self.rotations.push(refreshed.issued.token.id.0);
            }
            let told = usize::try_from(self.around.family().generation).unwrap();
            assert_eq!(told, self.memory.spent.len() + 1, "seed {seed}: one live chain");
            return Some(told);
        }
        assert_eq!(matches!(self.around.grant.state, State::Revoked(_)), self.memory.is_dead, "seed {seed}");
        self.is_refused |= is_owner;
        None
    }
}

#[test]
fn whoever_remembers_everything_would_decide_alike() {
    let (mut served, mut ended) = (0, 0);
    for seed in 0..HISTORIES {
        let mut dice = Dice(seed);
        let mut play = Play::new([0, 1, 30, 300][usize::try_from(dice.below(4)).unwrap()]);
        let (has_thief, loses) = (dice.below(3) == 0, dice.below(2) == 0);
        for step in 0..STEPS {
            play.now += [0, 0, 1, 7, 31, 400, 90_000][usize::try_from(dice.below(7)).unwrap()];
            play.around.reauthenticated_at = play.now;
            play.around.scope = (dice.below(4) == 0).then(|| ScopeSet::parse("read").unwrap());
            match dice.below(8) {
                0 if has_thief => play.thiefs = play.owners,
                1 if has_thief && play.thiefs > 0 => {
                    if let Some(told) = play.present(play.thiefs, false, seed, step) {
                        play.thiefs = told;
                    }
                }
                // Two tabs: both have what the owner has, and one is slower.
                2 => {
                    let same = play.owners;
                    let told = [play.present(same, true, seed, step), play.present(same, true, seed, step + STEPS)];
                    play.owners = told.into_iter().flatten().max().unwrap_or(same);
                }
                lost => {
                    let told = play.present(play.owners, true, seed, step);
                    if !(loses && lost == 3) {
                        play.owners = told.unwrap_or(play.owners);
                    }
                }
            }
        }
        served += usize::from(!play.is_refused);
        ended += usize::from(play.memory.is_dead);
        // A window of nothing tells two tabs from a thief by nothing.
        if !has_thief && !loses && play.around.window_seconds > 0 {
            assert!(!play.is_refused, "seed {seed}: nobody who has the last answer is thrown out");
        }
    }
    assert!(served > 200 && ended > 200, "{served} {ended}: chance is too kind, or too unkind");
}
