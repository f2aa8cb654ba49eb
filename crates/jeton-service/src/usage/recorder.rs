//! Where uses are recorded: in memory, each thread in a place of its own, emptied each second.

use std::cell::Cell as ThreadCell;
use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jeton_core::client::Client;
use jeton_core::id::ApiId;
use jeton_core::moment::Time;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::{Cell, Outcome, Subject};

use super::marks::{Marks, Noted};

/// One use, as whoever answers it saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Whose use it is.
    pub subject: Subject,
    /// At which API, where that is known.
    pub api: Option<ApiId>,
    /// How it went.
    pub outcome: Outcome,
    /// The rule that refused it, where the outcome does not say.
    pub refused_by: Option<&'static str>,
    /// What it left behind.
    pub marks: Marks<'a>,
    /// When.
    pub at: Time,
}

impl<'a> Seen<'a> {
    /// That a client asked about a credential.
    pub(crate) fn asking(client: &Client, api: Option<ApiId>, at: Time) -> Seen<'a> {
        let (subject, outcome) = (Subject::Client(client.id.clone()), Outcome::Introspected);
        Seen { subject, api, outcome, refused_by: None, marks: Marks::default(), at }
    }
}

/// What was counted together: in that minute, so often.
pub(crate) type Counted = ((i64, Cell), u32);

/// What uses left behind, by subject.
pub(crate) type NotedOf = HashMap<Subject, Noted, RandomState>;

/// What was recorded since it was last taken.
#[derive(Default)]
pub(crate) struct Taken {
    /// The counts, by time, each cell of a minute once.
    pub(crate) counted: Vec<Counted>,
    /// Those that verifiers told of: they are written with the numbers of the reports.
    pub(crate) told: Vec<Counted>,
    /// The rules that refused subjects, where outcomes do not say.
    pub(crate) refused_by: BTreeMap<Subject, &'static str>,
    /// What the uses of subjects left behind.
    pub(crate) noted: NotedOf,
    /// How many uses of somebody were not told apart: nobody knows any more whose they were.
    pub(crate) missed: u64,
}

/// More threads than this share places.
const PLACES: usize = 16;
/// How many subjects, APIs and outcomes are told apart between two flushes.
const CELLS_MAX: usize = 65_536;
/// How many subjects are marked between two flushes whose uses are counted elsewhere.
const MARKED_MAX: usize = CELLS_MAX;

/// What was noticed of subjects.
type Subjects = HashMap<Subject, Noticed, RandomState>;

/// Records uses.
pub struct Recorder {
    places: [Mutex<Subjects>; PLACES],
    /// What the places were emptied into last: it is empty, and its room is used again.
    emptied: [Mutex<Subjects>; PLACES],
    /// How many may be told apart.
    cells_max: usize,
    /// How many are told apart in all places.
    cells: AtomicUsize,
    /// How many subjects are in all places for their marks alone.
    marked: AtomicUsize,
    /// How many uses of somebody were not, since they were last taken.
    missed: AtomicU64,
    /// Whether nothing is recorded.
    is_off: AtomicBool,
}

/// What was noticed of one subject in one place. It uses few APIs in a second, most of them one: the counts are looked through, and the first
/// is in place, since a crowd of keys would have a block of memory each.
#[derive(Default)]
struct Noticed {
    first: Option<Count>,
    others: Vec<Count>,
    refused_by: Option<&'static str>,
    noted: Noted,
}

struct Count {
    minute: i64,
    api: Option<ApiId>,
    outcome: Outcome,
    count: u32,
}

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder::telling_apart(CELLS_MAX)
    }
}

impl Recorder {
    /// One that tells so many subjects, APIs and outcomes apart between two flushes.
    pub(crate) fn telling_apart(cells_max: usize) -> Recorder {
        Recorder {
            places: Default::default(),
            emptied: Default::default(),
            cells_max,
            cells: AtomicUsize::default(),
            marked: AtomicUsize::default(),
            missed: AtomicU64::default(),
            is_off: AtomicBool::default(),
        }
    }

    /// Counts one use. Waits for nobody, but once a second for the places to be emptied.
    pub fn record(&self, seen: Seen<'_>) {
        self.record_many(seen, 1);
    }

    /// The same for so many uses of one kind.
    pub fn record_many(&self, seen: Seen<'_>, uses: u32) {
        if let Some(mut subjects) = self.place() {
            self.record_in(&mut subjects, seen, uses);
        }
    }

    /// The same for a use that is one of two subjects.
    pub(crate) fn record_both(&self, one: Seen<'_>, other: Seen<'_>) {
        if let Some(mut subjects) = self.place() {
            self.record_in(&mut subjects, one, 1);
            self.record_in(&mut subjects, other, 1);
        }
    }

    /// Where this thread records, unless nothing is recorded.
    fn place(&self) -> Option<MutexGuard<'_, Subjects>> {
        self.places.get(place_of_thread()).filter(|_| !self.is_off()).map(lock)
    }

    fn record_in(&self, subjects: &mut Subjects, seen: Seen<'_>, uses: u32) {
        let Seen { subject, api, outcome, refused_by, marks, at } = seen;
        let minute = Resolution::Minute.start_of(at.seconds());
        let noticed = subjects.get_mut(&subject);
        let noticed = match noticed {
            Some(noticed) if noticed.knows(minute, api.as_ref(), outcome) || self.has_room() => noticed,
            None if self.has_room() => subjects.entry(subject).or_default(),
            _ => {
                if outcome.is_use() && subject.is_one_of_many() {
                    self.missed.fetch_add(u64::from(uses), Ordering::Relaxed);
                }
                subjects.entry(Subject::Other).or_default()
            }
        };
        noticed.refused_by = refused_by.or(noticed.refused_by);
        if outcome.is_use() {
            noticed.noted.note(api.as_ref(), &marks);
        }
        if noticed.count(minute, api, outcome, uses) {
            self.cells.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes what a use left behind that is counted elsewhere. Where there is no room for it, nobody's last use is lost.
    pub(crate) fn mark(&self, subject: Subject, api: Option<&ApiId>, marks: &Marks<'_>) {
        if self.is_off() {
            return;
        }
        let Some(place) = self.places.get(place_of_thread()) else { return };
        let mut subjects = lock(place);
        if let Some(noticed) = subjects.get_mut(&subject) {
            noticed.noted.note(api, marks);
        } else if self.marked.load(Ordering::Relaxed) < MARKED_MAX {
            self.marked.fetch_add(1, Ordering::Relaxed);
            subjects.entry(subject).or_default().noted.note(api, marks);
        }
    }

    /// Whether so many more can be told apart.
    pub(crate) fn has_room_for(&self, cells: usize) -> bool {
        self.cells.load(Ordering::Relaxed).saturating_add(cells) <= self.cells_max
    }

    /// Records nothing from now on.
    pub(crate) fn turn_off(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }

    /// What was recorded since this was last asked.
    pub(crate) fn take(&self) -> Taken {
        let mut taken = Taken { missed: self.missed.swap(0, Ordering::Relaxed), ..Taken::default() };
        let mut places_used = 0;
        // Before the places are emptied: what is marked meanwhile counts for the next time, and never for none.
        self.marked.store(0, Ordering::Relaxed);
        for (place, emptied) in self.places.iter().zip(&self.emptied) {
            let mut emptied = lock(emptied);
            mem::swap(&mut *lock(place), &mut *emptied);
            let cells = emptied.values().map(|noticed| noticed.counts().count()).sum();
            self.cells.fetch_sub(cells, Ordering::Relaxed);
            taken.counted.reserve(cells);
            places_used += usize::from(!emptied.is_empty());
            let room = 2 * emptied.len();
            for (subject, noticed) in emptied.drain() {
                taken.take_up(subject, noticed);
            }
            // A crowd may come again in the next second; after a while without one its room is given back.
            emptied.shrink_to(room);
        }
        taken.put_together(places_used);
        taken
    }

    fn has_room(&self) -> bool {
        self.cells.load(Ordering::Relaxed) < self.cells_max
    }
}

impl Noticed {
    fn counts(&self) -> impl Iterator<Item = &Count> {
        self.first.iter().chain(&self.others)
    }

    fn knows(&self, minute: i64, api: Option<&ApiId>, outcome: Outcome) -> bool {
        self.counts().any(|known| known.is_of(minute, api, outcome))
    }

    /// Counts uses, and says whether that is a count of its own.
    fn count(&mut self, minute: i64, api: Option<ApiId>, outcome: Outcome, uses: u32) -> bool {
        if let Some(known) = self.first.iter_mut().chain(&mut self.others).find(|known| known.is_of(minute, api.as_ref(), outcome)) {
            known.count = known.count.saturating_add(uses);
            return false;
        }
        let count = Count { minute, api, outcome, count: uses };
        match self.first {
            None => self.first = Some(count),
            Some(_) => self.others.push(count),
        }
        true
    }
}

impl Count {
    fn is_of(&self, minute: i64, api: Option<&ApiId>, outcome: Outcome) -> bool {
        self.minute == minute && self.outcome == outcome && self.api.as_ref() == api
    }
}

impl Taken {
    /// With what verifiers told of.
    pub(crate) fn with_told(mut self, told: Taken) -> Taken {
        self.told = told.counted;
        self.missed += told.missed;
        for (subject, noted) in told.noted {
            self.noted.entry(subject).or_default().merge(noted);
        }
        self
    }

    /// Brings the counts into the order of time. One place tells its cells apart; what several recorded may be the same.
    fn put_together(&mut self, places: usize) {
        if places < 2 {
            self.counted.sort_by_key(|((minute, _), _)| *minute);
            return;
        }
        self.counted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        self.counted.dedup_by(|later, first| {
            let is_same = later.0 == first.0;
            if is_same {
                first.1 = first.1.saturating_add(later.1);
            }
            is_same
        });
    }

    fn take_up(&mut self, subject: Subject, noticed: Noticed) {
        for Count { minute, api, outcome, count } in noticed.first.into_iter().chain(noticed.others) {
            self.counted.push(((minute, Cell { subject: subject.clone(), api, outcome }), count));
        }
        if let Some(rule) = noticed.refused_by {
            self.refused_by.insert(subject.clone(), rule);
        }
        if !noticed.noted.is_empty() {
            self.noted.entry(subject).or_default().merge(noticed.noted);
        }
    }
}

fn lock(place: &Mutex<Subjects>) -> MutexGuard<'_, Subjects> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each thread keeps to one place.
fn place_of_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: ThreadCell<usize> = ThreadCell::new(THREADS.fetch_add(1, Ordering::Relaxed) % PLACES);
    }
    PLACE.with(ThreadCell::get)
}

#[cfg(test)]
mod tests {
    use jeton_core::id::ClientId;

    use super::*;

    fn seen(client: &str, seconds: i64) -> Seen<'static> {
        let (subject, at) = (Subject::Client(ClientId::from(client)), Time::from_seconds(seconds));
        Seen { subject, api: None, outcome: Outcome::Issued, refused_by: None, marks: Marks::default(), at }
    }

    fn shown(taken: &Taken) -> Vec<(i64, String, u32)> {
        assert!(taken.counted.is_sorted_by_key(|((minute, _), _)| *minute));
        let mut shown: Vec<_> = taken.counted.iter().map(|((minute, cell), count)| (*minute, cell.subject.to_string(), *count)).collect();
        shown.sort();
        shown
    }

    #[test]
    fn uses_are_taken_once_by_their_minute() {
        let recorder = Recorder::default();
        for (client, seconds) in [("b", 61), ("a", 0), ("b", 119), ("a", 60)] {
            recorder.record(seen(client, seconds));
        }
        let expected = [(0, "client:a".to_owned(), 1), (60, "client:a".to_owned(), 1), (60, "client:b".to_owned(), 2)];
        assert_eq!(shown(&recorder.take()), expected);
        assert!(recorder.take().counted.is_empty());
    }

    #[test]
    fn what_threads_recorded_is_counted_together() {
        let recorder = Recorder::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * PLACES {
                scope.spawn(|| (0..1_000).for_each(|number| recorder.record(seen(if number % 2 == 0 { "a" } else { "b" }, 0))));
            }
        });
        let each = 1_000 * u32::try_from(PLACES).unwrap();
        assert_eq!(shown(&recorder.take()), [(0, "client:a".to_owned(), each), (0, "client:b".to_owned(), each)]);
    }

    #[test]
    fn names_without_end_take_no_memory_without_end() {
        let recorder = Recorder::default();
        let count = 1_000_000;
        for number in 0..count {
            recorder.record(seen(&format!("client_{number}"), 0));
        }
        let taken = recorder.take();
        assert_eq!(taken.counted.len(), CELLS_MAX + 1);
        assert_eq!(taken.missed, count - CELLS_MAX as u64, "and of so many nobody knows the name");
        assert_eq!(taken.counted.iter().map(|(_, count)| u64::from(*count)).sum::<u64>(), count, "each is counted, if not by its name");
        // Nor does what they leave behind.
        let marks = Marks { agent: Some("a/1"), ..Marks::default() };
        (0..count).for_each(|number| recorder.mark(Subject::Client(ClientId::from(&*format!("client_{number}"))), None, &marks));
        let taken = recorder.take();
        assert_eq!((taken.noted.len(), taken.counted.len()), (MARKED_MAX, 0));
        assert_eq!(taken.missed, 0, "their uses are counted elsewhere");
        // Where others are counted in great numbers, one is marked all the same.
        (0..CELLS_MAX).for_each(|number| recorder.record(seen(&format!("client_{number}"), 0)));
        recorder.mark(Subject::Client(ClientId::from("client_marked")), None, &marks);
        let taken = recorder.take();
        assert_eq!((taken.noted.len(), taken.missed), (1, 0));
        // There is room again.
        recorder.record(seen("client_again", 0));
        let taken = recorder.take();
        assert_eq!((shown(&taken), taken.missed), (vec![(0, "client:client_again".to_owned(), 1)], 0));
    }
}
