//! Hours in which a key was used by more than one class of agents and from more than one network, and what follows where there are several of
//! them: two applications use it. Pure: it is told what was used and when.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::bucket::Resolution;
use crate::id::ApiKeyId;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// An hour in which a key was used in such a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixedHour {
    /// When it begins, in seconds.
    pub start: i64,
    /// The key.
    pub key: ApiKeyId,
    /// The first classes of agents that used it.
    pub agents: Vec<Arc<str>>,
    /// The first networks that it was used from.
    pub networks: Vec<Arc<str>>,
}

/// Where they are kept. The other hours leave no row.
pub static TABLE: Table = Table {
    name: "usage_mixed",
    columns: &[Column::int("start"), Column::text("key"), Column::text("agents"), Column::text("networks")],
    key: 2,
    indexes: &[],
    class: Class::Counted { slice_seconds: 86_400, kept_seconds: LOOKED_AT_SECONDS },
};

/// How far back hours are looked at.
pub const LOOKED_AT_SECONDS: i64 = 7 * 86_400;
/// How many agents and networks are named.
const NAMED_MAX: usize = 4;
/// How many agents, and how many networks, are too many for one application.
const MANY: usize = 2;
/// In how many hours: an application that is replaced by its next version is two agents in one.
const HOURS: usize = 2;
/// How many keys are told apart in an hour.
const OPEN_MAX: usize = 16_384;
/// How many of a week.
const KEYS_MAX: usize = 65_536;

impl MixedHour {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let words = |words: &[Arc<str>]| Value::text(&words.join(" "));
        vec![Value::Int(self.start), Value::text(&self.key.to_string()), words(&self.agents), words(&self.networks)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<MixedHour, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let words = |value: &Value| Some(value.as_text()?.split_ascii_whitespace().map(Arc::from).collect());
        Ok(MixedHour {
            start: row.int()?,
            key: row.read(|value| ApiKeyId::parse(value.as_text()?))?,
            agents: row.read(words)?,
            networks: row.read(words)?,
        })
    }

    fn is_mixed(&self) -> bool {
        self.agents.len() >= MANY && self.networks.len() >= MANY
    }
}

/// The hour that is open: who used which key. A process that starts within it begins anew.
#[derive(Clone, Debug, Default)]
pub struct OpenHour {
    start: i64,
    keys: HashMap<ApiKeyId, Open>,
}

#[derive(Clone, Debug)]
struct Open {
    hour: MixedHour,
    is_written: bool,
}

impl OpenHour {
    /// Notes who used a key, and from where.
    pub fn note(&mut self, now_seconds: i64, key: ApiKeyId, agents: &[Arc<str>], networks: &[Arc<str>]) {
        let start = Resolution::Hour.start_of(now_seconds);
        if self.start != start {
            *self = OpenHour { start, keys: HashMap::new() };
        }
        if self.keys.len() >= OPEN_MAX && !self.keys.contains_key(&key) {
            return;
        }
        let fresh = || Open { hour: MixedHour { start, key, agents: vec![], networks: vec![] }, is_written: true };
        let open = self.keys.entry(key).or_insert_with(fresh);
        let is_news = name(&mut open.hour.agents, agents) | name(&mut open.hour.networks, networks);
        open.is_written &= !is_news;
    }

    /// Some that are to be written.
    #[must_use]
    pub fn unwritten(&self, most: usize) -> Vec<MixedHour> {
        let open = self.keys.values().filter(|open| !open.is_written && open.hour.is_mixed());
        open.take(most).map(|open| open.hour.clone()).collect()
    }

    /// These are.
    pub fn written(&mut self, hours: &[MixedHour]) {
        for hour in hours {
            if let Some(open) = self.keys.get_mut(&hour.key).filter(|open| open.hour == *hour) {
                open.is_written = true;
            }
        }
    }
}

/// A key that two applications use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The key.
    pub key: ApiKeyId,
    /// In how many hours it showed.
    pub hours: usize,
    /// When the last of them began, in seconds.
    pub last: i64,
    /// Some of the classes of agents.
    pub agents: Vec<Arc<str>>,
    /// Some of the networks.
    pub networks: Vec<Arc<str>>,
}

/// Looks through the hours of the last days for such keys.
#[derive(Clone, Debug)]
pub struct Sharing {
    since: i64,
    until: i64,
    keys: BTreeMap<ApiKeyId, Shared>,
}

impl Sharing {
    /// Nothing was looked through yet.
    #[must_use]
    pub fn new(now_seconds: i64) -> Sharing {
        let since = now_seconds.saturating_sub(LOOKED_AT_SECONDS);
        Sharing { since, until: now_seconds, keys: BTreeMap::new() }
    }

    /// The hours to be looked through, the newest first.
    pub fn hours(&self) -> impl Iterator<Item = i64> + use<> {
        let (seconds, since) = (Resolution::Hour.seconds(), self.since);
        let last = Resolution::Hour.start_of(self.until);
        std::iter::successors(Some(last), move |start| start.checked_sub(seconds)).take_while(move |start| *start >= since)
    }

    /// Takes up an hour of a key.
    pub fn take_up(&mut self, hour: &MixedHour) {
        let is_looked_at = (self.since..=self.until).contains(&hour.start) && hour.is_mixed();
        let has_room = self.keys.len() < KEYS_MAX || self.keys.contains_key(&hour.key);
        if !is_looked_at || !has_room {
            return;
        }
        let fresh = || Shared { key: hour.key, hours: 0, last: hour.start, agents: vec![], networks: vec![] };
        let shared = self.keys.entry(hour.key).or_insert_with(fresh);
        shared.hours += 1;
        shared.last = shared.last.max(hour.start);
        name(&mut shared.agents, &hour.agents);
        name(&mut shared.networks, &hour.networks);
    }

    /// The keys that two applications use, those first that showed it most.
    #[must_use]
    pub fn found(self) -> Vec<Shared> {
        let mut found: Vec<Shared> = self.keys.into_values().filter(|shared| shared.hours >= HOURS).collect();
        found.sort_by_key(|shared| std::cmp::Reverse((shared.hours, shared.last)));
        found
    }
}

/// Names what has no name yet, as long as there is room; whether there was any.
fn name(named: &mut Vec<Arc<str>>, seen: &[Arc<str>]) -> bool {
    let before = named.len();
    for text in seen {
        if named.len() < NAMED_MAX && !named.contains(text) {
            named.push(text.clone());
        }
    }
    named.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    const NOW: i64 = 500_000 * HOUR + 1_800;

    fn words(text: &str) -> Vec<Arc<str>> {
        text.split_ascii_whitespace().map(Arc::from).collect()
    }

    fn key(number: u32) -> ApiKeyId {
        ApiKeyId::parse(&format!("{number:032x}")).unwrap()
    }

    /// Uses, by how many hours ago, key, agents and networks: the keys that are shared, each with in how many hours.
    #[track_caller]
    fn check(uses: &[(i64, u32, &str, &str)], expected: &[(u32, usize)]) {
        let (mut open, mut kept) = (OpenHour::default(), BTreeMap::new());
        let mut uses = uses.to_vec();
        uses.sort_by_key(|(ago, ..)| -ago);
        for (ago, number, agents, networks) in uses {
            open.note(NOW - ago * HOUR, key(number), &words(agents), &words(networks));
            let unwritten = open.unwritten(usize::MAX);
            open.written(&unwritten);
            kept.extend(unwritten.into_iter().map(|hour| ((hour.start, hour.key), hour.row())));
        }
        let mut sharing = Sharing::new(NOW);
        kept.values().for_each(|row| sharing.take_up(&MixedHour::from_row(row).unwrap()));
        let found: Vec<_> = sharing.found().into_iter().map(|shared| (shared.key, shared.hours)).collect();
        assert_eq!(found, expected.iter().map(|(number, hours)| (key(*number), *hours)).collect::<Vec<_>>());
    }

    #[test]
    fn two_agents_and_two_networks_in_one_hour_and_in_another_are_two_applications() {
        check(&[], &[]);
        check(&[(0, 1, "a b", "x y"), (1, 1, "a b", "x y")], &[(1, 2)]);
        // One after the other, within the hour.
        check(&[(0, 1, "a", "x"), (0, 1, "b", "y"), (5, 1, "b", "y"), (5, 1, "a", "x")], &[(1, 2)]);
        check(&[(0, 1, "a b", "x y"), (0, 1, "c", "z")], &[]);
        check(&[(0, 1, "a b", "x y"), (1, 2, "a b", "x y")], &[]);
        // Two versions of one program at one place; one program that moves about.
        check(&[(0, 1, "a b", "x"), (1, 1, "a b", "x")], &[]);
        check(&[(0, 2, "a", "x y z"), (1, 2, "a", "x y z")], &[]);
        // Each hour by itself: the one application gave way to the other.
        check(&[(0, 1, "a", "x"), (1, 1, "b", "y"), (2, 1, "a", "x"), (3, 1, "b", "y")], &[]);
        // The week that is looked at.
        check(&[(0, 1, "a b", "x y"), (167, 1, "a b", "x y")], &[(1, 2)]);
        check(&[(0, 1, "a b", "x y"), (168, 1, "a b", "x y")], &[]);
        // Those first that showed it most.
        let uses = [(0, 1, "a b", "x y"), (1, 1, "a b", "x y"), (0, 2, "a b", "x y"), (1, 2, "a b", "x y"), (2, 2, "a b", "x y")];
        check(&uses, &[(2, 3), (1, 2)]);
    }

    #[test]
    fn every_hour_of_the_week_is_looked_through() {
        let hours: Vec<i64> = Sharing::new(NOW).hours().collect();
        assert_eq!((hours.len(), hours.first(), hours.last()), (168, Some(&(NOW - 1_800)), Some(&(NOW - 1_800 - 167 * HOUR))));
    }

    #[test]
    fn agents_networks_and_keys_without_end_take_no_memory_without_end() {
        let mut open = OpenHour::default();
        for number in 0..100_000 {
            open.note(NOW, key(number % 20_000), &words(&format!("agent{number}")), &words(&format!("network{number}")));
        }
        assert_eq!(open.keys.len(), OPEN_MAX);
        let unwritten = open.unwritten(2_000);
        assert_eq!(unwritten.len(), 2_000);
        assert!(unwritten.iter().all(|hour| hour.agents.len() == NAMED_MAX && hour.networks.len() == NAMED_MAX));
        open.written(&unwritten);
        assert_eq!(open.unwritten(usize::MAX).len(), OPEN_MAX - 2_000);
        open.note(NOW, unwritten[0].key, &words("another"), &words("another"));
        assert_eq!(open.unwritten(usize::MAX).len(), OPEN_MAX - 2_000, "what has no room for a name is no news");
        open.note(NOW + HOUR, key(1), &words("a b"), &words("x y"));
        assert_eq!((open.keys.len(), open.unwritten(9).len()), (1, 1), "an hour is open, and no more");
    }
}
