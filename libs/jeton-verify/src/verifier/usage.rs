//! Counting checks: in memory, bounded, and so that no check waits for another.

use std::cell::Cell as ThreadCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use jeton_oauth::ScopeSet;
use jeton_oauth::usage_report::{AgentClass, Cell, Network, Outcome, Subject};
use jeton_token::TokenId;

use crate::presented::Presented;

const SHARDS: usize = 8;
/// Kinds of checks that one shard tells apart between two collections: 16,384 in all, about 200 bytes each.
const CELLS_MAX: usize = 2_048;
/// Beyond them checks are counted without what tells them apart, and of these there are few; should there be more, they are dropped.
const REST_MAX: usize = 256;

/// Counts checks until they are collected.
pub(crate) struct Usage {
    shards: [Mutex<Shard>; SHARDS],
    hashing: RandomState,
    /// Checks that could not be counted.
    dropped: AtomicU64,
}

/// The counts of some threads. The cells of one hash, which was drawn over what they have in common, lie together.
#[derive(Default)]
struct Shard {
    cells: HashMap<u64, Vec<(Cell, u64)>, BuildHasherDefault<Hashed>>,
    len: usize,
}

/// One check, as it is counted. Nothing of it is copied where such a one was counted before.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'c> {
    pub(crate) minute: i64,
    pub(crate) whose: Whose<'c>,
    pub(crate) outcome: Outcome,
    pub(crate) scopes: Option<&'c ScopeSet>,
    pub(crate) network: Option<Network>,
    /// The product and the major version.
    pub(crate) agent: Option<(&'c str, &'c str)>,
}

/// Whose it was: of a token its client, and a key is nobody else's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose<'c> {
    Client(&'c str),
    Key(TokenId),
    Unknown,
    Other,
}

impl Default for Usage {
    fn default() -> Self {
        Self { shards: Default::default(), hashing: RandomState::new(), dropped: AtomicU64::new(0) }
    }
}

impl Usage {
    /// Counts a check. Waits for nothing: where one shard is busy another takes it.
    pub(crate) fn count(&self, checked: &Checked<'_>) {
        let hash = checked.hash(&self.hashing);
        let first = own_shard();
        for place in 0..SHARDS {
            let Some(shard) = self.shards.get((first + place) % SHARDS) else { continue };
            let mut shard = match shard.try_lock() {
                Ok(shard) => shard,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            if !shard.count(hash, checked, &self.hashing) {
                break;
            }
            return;
        }
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted since this was last asked, and how many checks could not be.
    pub(crate) fn collect(&self) -> (Vec<(Cell, u64)>, u64) {
        let taken = self.shards.iter().map(|shard| mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner)));
        let cells = taken.flat_map(|shard| shard.cells.into_values().flatten()).collect();
        (cells, self.dropped.swap(0, Ordering::Relaxed))
    }
}

impl Shard {
    /// Counts a check, without what tells it apart where there is no more room; `false` where there is none even for that.
    fn count(&mut self, hash: u64, checked: &Checked<'_>, hashing: &RandomState) -> bool {
        if self.add(hash, checked, CELLS_MAX) {
            return true;
        }
        let bare = Checked { scopes: None, network: None, agent: None, ..*checked };
        let other = Checked { whose: Whose::Other, ..bare };
        self.add(bare.hash(hashing), &bare, CELLS_MAX) || self.add(other.hash(hashing), &other, CELLS_MAX + REST_MAX)
    }

    fn add(&mut self, hash: u64, checked: &Checked<'_>, most: usize) -> bool {
        if let Some(cells) = self.cells.get_mut(&hash)
            && let Some((_, count)) = cells.iter_mut().find(|(cell, _)| checked.is(cell))
        {
            *count = count.saturating_add(1);
            return true;
        }
        if self.len >= most {
            return false;
        }
        self.cells.entry(hash).or_default().push((checked.cell(), 1));
        self.len += 1;
        true
    }
}

impl<'c> Checked<'c> {
    pub(crate) fn new(now_seconds: i64, whose: Whose<'c>, outcome: Outcome, presented: &Presented<'c>) -> Self {
        Self {
            minute: now_seconds.div_euclid(60).saturating_mul(60),
            whose,
            outcome,
            scopes: presented.scopes.filter(|scopes| !scopes.is_empty()),
            network: presented.address.map(Network::of),
            agent: presented.user_agent.map(AgentClass::parts),
        }
    }

    fn hash(&self, hashing: &RandomState) -> u64 {
        let scopes = self.scopes.map(ScopeSet::as_str);
        hashing.hash_one((self.minute, self.whose, self.outcome, scopes, self.network, self.agent))
    }

    fn is(&self, cell: &Cell) -> bool {
        let same_subject = match (&cell.subject, self.whose) {
            (Subject::Client(known), Whose::Client(id)) => **known == *id,
            (Subject::Key(known), Whose::Key(id)) => *known == id,
            (Subject::Unknown, Whose::Unknown) | (Subject::Other, Whose::Other) => true,
            _ => false,
        };
        let same_agent = match (&cell.agent, self.agent) {
            (Some(known), Some(parts)) => known.is(parts),
            (known, agent) => known.is_none() && agent.is_none(),
        };
        same_subject
            && same_agent
            && cell.minute == self.minute
            && cell.outcome == self.outcome
            && cell.scope.as_ref() == self.scopes
            && cell.network == self.network
    }

    fn cell(&self) -> Cell {
        Cell {
            minute: self.minute,
            subject: match self.whose {
                // What is no id of a client cannot be reported as one.
                Whose::Client(id) => Subject::client(id).unwrap_or(Subject::Unknown),
                Whose::Key(id) => Subject::Key(id),
                Whose::Unknown => Subject::Unknown,
                Whose::Other => Subject::Other,
            },
            outcome: self.outcome,
            scope: self.scopes.cloned(),
            network: self.network,
            agent: self.agent.map(AgentClass::of),
        }
    }
}

/// The shard of this thread: threads are dealt over them.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: ThreadCell<usize> = ThreadCell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    OWN.try_with(ThreadCell::get).unwrap_or(0)
}

/// What is hashed already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.hash(self);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::IpAddr;

    use super::*;

    fn counted(usage: &Usage) -> (BTreeMap<String, u64>, u64) {
        let (cells, dropped) = usage.collect();
        let mut counted = BTreeMap::new();
        for (cell, count) in cells {
            let scope = cell.scope.as_ref().map_or("", ScopeSet::as_str);
            let agent = cell.agent.as_ref().map_or("", AgentClass::as_str);
            let network = cell.network.map(|network| network.to_string()).unwrap_or_default();
            let line = format!("{} {} {} {scope} {network} {agent}", cell.minute, cell.subject, cell.outcome.name());
            *counted.entry(line.trim_end().to_owned()).or_default() += count;
        }
        (counted, dropped)
    }

    #[test]
    fn checks_of_one_kind_are_counted_together() {
        let usage = Usage::default();
        let scopes = ScopeSet::parse("orders:read").unwrap();
        let bare = Presented::default();
        let told = bare.scopes(&scopes).address(IpAddr::from([192, 0, 2, 7])).user_agent("curl/8.5.0");
        let neighbour = told.address(IpAddr::from([192, 0, 2, 8])).user_agent("curl/8.6");
        for (seconds, whose, outcome, presented) in [
            (61, Whose::Client("a"), Outcome::Accepted, bare),
            (119, Whose::Client("a"), Outcome::Accepted, bare),
            (120, Whose::Client("a"), Outcome::Accepted, bare),
            (120, Whose::Client("b"), Outcome::Accepted, told),
            (120, Whose::Client("b"), Outcome::Accepted, neighbour),
            (120, Whose::Unknown, Outcome::Invalid, bare),
            (120, Whose::Client("a\u{7}"), Outcome::Invalid, bare),
        ] {
            usage.count(&Checked::new(seconds, whose, outcome, &presented));
        }
        let (lines, dropped) = counted(&usage);
        let expected = [
            ("120 client:a accepted", 1),
            ("120 client:b accepted orders:read 192.0.2.0/24 curl/8", 2),
            ("120 unknown invalid", 2),
            ("60 client:a accepted", 2),
        ];
        assert_eq!((lines, dropped), (expected.map(|(line, count)| (line.to_owned(), count)).into(), 0));
        assert_eq!(counted(&usage), (BTreeMap::new(), 0), "collected once");
    }

    #[test]
    fn a_million_subjects_take_no_memory_without_end() {
        let usage = Usage::default();
        let names: Vec<String> = (0..1_000_000).map(|number| format!("client_{number}")).collect();
        for name in &names {
            usage.count(&Checked::new(0, Whose::Client(name), Outcome::Accepted, &Presented::default()));
        }
        let (cells, dropped) = usage.collect();
        assert!(cells.len() <= SHARDS * (CELLS_MAX + REST_MAX), "{}", cells.len());
        assert_eq!((cells.iter().map(|(_, count)| count).sum::<u64>(), dropped), (1_000_000, 0), "each is counted, if not by its name");
        assert!(cells.iter().any(|(cell, count)| cell.subject == Subject::Other && *count > 900_000));
    }

    #[test]
    fn minutes_without_end_are_dropped_and_counted() {
        let usage = Usage::default();
        for minute in 0..10_000 {
            usage.count(&Checked::new(minute * 60, Whose::Unknown, Outcome::Invalid, &Presented::default()));
        }
        let (cells, dropped) = usage.collect();
        assert!(cells.len() <= CELLS_MAX + REST_MAX, "{}", cells.len());
        assert_eq!(cells.iter().map(|(_, count)| count).sum::<u64>() + dropped, 10_000);
    }

    #[test]
    fn threads_wait_for_nobody_and_lose_nothing_to_each_other() {
        let usage = Usage::default();
        let total = std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    (0..10_000).for_each(|_| usage.count(&Checked::new(0, Whose::Client("a"), Outcome::Accepted, &Presented::default())))
                });
            }
            (0..100).map(|_| counted(&usage)).fold(0, |sum, (lines, dropped)| sum + lines.values().sum::<u64>() + dropped)
        });
        let (lines, dropped) = counted(&usage);
        assert_eq!(total + lines.values().sum::<u64>() + dropped, 160_000);
    }
}
