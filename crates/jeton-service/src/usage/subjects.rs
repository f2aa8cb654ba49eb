//! What is remembered of subjects: in memory while it is not in the store, and for a while after.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jeton_core::owner::Owner;
use jeton_core::policy::idle::USES_KNOWN_TO_SECONDS;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::subject::SubjectUse;
use jeton_core::usage::{Outcome, Subject};
use quick_cache::sync::Cache;

use super::marks::Noted;
use super::recorder::Taken;

/// How many subjects are remembered that the store knows as they are.
const RECENT: usize = 24_576;
/// How many that it does not.
const CHANGED_MAX: usize = 16_384;
/// Of how many more it waits what happened to them, until there is room among those.
const WAITING_MAX: usize = 65_536;
/// With more than this that it does not, a use within the hour of the last one is no news: nobody is idle by less.
const CROWDED: usize = 4_096;
/// How many are written at a time.
const ROWS_MAX: usize = 2_048;

/// What happened to a subject in a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The minutes of its first and last use.
    used: Option<(i64, i64)>,
    /// The last refusal, and its rule.
    refused: Option<(i64, &'static str)>,
    /// What its uses left behind.
    noted: Noted,
}

/// What happened to whom. Somebody may be in it more than once.
pub(crate) type FactsOf = Vec<(Subject, Facts)>;

/// What is remembered of subjects.
pub(crate) struct Subjects {
    changed: Mutex<HashMap<Subject, Arc<SubjectUse>, RandomState>>,
    /// What is not known of these is not looked up yet.
    waiting: Mutex<BTreeMap<Subject, Facts>>,
    recent: Cache<Subject, Arc<SubjectUse>>,
    /// What had no room, since this process began.
    dropped: AtomicU64,
}

impl Default for Subjects {
    fn default() -> Subjects {
        Subjects { changed: Mutex::default(), waiting: Mutex::default(), recent: Cache::new(RECENT), dropped: AtomicU64::new(0) }
    }
}

/// What happened to whom, in what was recorded; to the API and to all as well, and to those who were granted what was used. Takes what the
/// uses left behind.
pub(crate) fn facts(taken: &mut Taken, holders: impl Fn(&Subject) -> Vec<Owner>) -> FactsOf {
    // Each subject's own comes one after the other: only what several have in common is looked up.
    let mut own: FactsOf = Vec::with_capacity(taken.counted.len());
    let mut common: HashMap<Subject, Facts, RandomState> = HashMap::default();
    let mut noted = mem::take(&mut taken.noted);
    noted.remove(&Subject::Other);
    let mut held_by = vec![];
    for ((minute, cell), _) in taken.counted.iter().chain(&taken.told) {
        let rule = taken.refused_by.get(&cell.subject).copied().filter(|_| cell.outcome == Outcome::IssueRefused);
        if own.last().is_none_or(|(subject, _)| *subject != cell.subject) {
            held_by = holders(&cell.subject);
            let noted = noted.remove(&cell.subject).unwrap_or_default();
            grant(&mut common, &noted, &held_by);
            own.push((cell.subject.clone(), Facts { noted, ..Facts::default() }));
        }
        if let Some((_, facts)) = own.last_mut() {
            facts.take_up(*minute, cell.outcome, rule);
        }
        for sum in cell.sums().filter(|sum| sum.outcome.is_use()) {
            common.entry(sum.subject).or_default().take_up(*minute, sum.outcome, None);
        }
        if let Some(api) = cell.api.as_ref().filter(|_| cell.outcome.is_use()) {
            // To the day: a row a day.
            let day = Resolution::Day.start_of(*minute);
            for holder in &held_by {
                common.entry(Subject::at(api.clone(), holder.clone())).or_default().take_up(day, cell.outcome, None);
                common.entry(Subject::Grants).or_default().take_up(*minute, cell.outcome, None);
            }
        }
    }
    for (subject, noted) in &noted {
        grant(&mut common, noted, &holders(subject));
    }
    own.extend(noted.into_iter().map(|(subject, noted)| (subject, Facts { noted, ..Facts::default() })));
    own.extend(common);
    own
}

/// What was exercised is noted of those who were granted it.
fn grant(common: &mut HashMap<Subject, Facts, RandomState>, noted: &Noted, held_by: &[Owner]) {
    if held_by.is_empty() {
        return;
    }
    for api in noted.apis() {
        for holder in held_by {
            common.entry(Subject::at(api.clone(), holder.clone())).or_default().noted.merge(noted.scopes_at(api));
        }
    }
}

impl Facts {
    fn take_up(&mut self, minute: i64, outcome: Outcome, rule: Option<&'static str>) {
        if outcome.is_use() {
            let (first, last) = self.used.unwrap_or((minute, minute));
            self.used = Some((first.min(minute), last.max(minute)));
        } else if self.refused.is_none_or(|(at, _)| at <= minute) {
            self.refused = Some((minute, rule.unwrap_or(outcome.name())));
        }
    }

    fn merge(&mut self, later: Facts) {
        if let Some((first, last)) = later.used {
            let (known_first, known_last) = self.used.unwrap_or((first, last));
            self.used = Some((first.min(known_first), last.max(known_last)));
        }
        self.refused = later.refused.or(self.refused);
        self.noted.merge(later.noted);
    }

    fn on(&self, before: &SubjectUse) -> SubjectUse {
        let mut after = before.clone();
        if let Some((first, last)) = self.used {
            after.used(first);
            after.used(last);
        }
        if let Some((at, rule)) = self.refused {
            after.refused(at, rule);
        }
        self.noted.leave_on(&mut after);
        after
    }
}

impl Subjects {
    /// What is in memory of a subject, but for what waits.
    pub(crate) fn get(&self, subject: &Subject) -> Option<Arc<SubjectUse>> {
        let changed = self.changed().get(subject).cloned();
        changed.or_else(|| self.recent.get(subject))
    }

    /// What is known of a subject, with what waits.
    pub(crate) fn up_to_date(&self, subject: &Subject, known: Option<Arc<SubjectUse>>) -> Option<Arc<SubjectUse>> {
        let waiting = self.waiting();
        let Some(facts) = waiting.get(subject) else { return known };
        let before = known.unwrap_or_else(|| Arc::new(SubjectUse::new(subject.clone())));
        Some(Arc::new(facts.on(&before)))
    }

    /// What happened to subjects waits to be taken up. Says of how many it is forgotten, since there is no room.
    pub(crate) fn wait(&self, facts: FactsOf) -> u64 {
        let mut waiting = self.waiting();
        let mut forgotten = 0;
        for (subject, facts) in facts {
            let has_room = waiting.len() < WAITING_MAX;
            match waiting.entry(subject) {
                Entry::Occupied(mut known) => known.get_mut().merge(facts),
                Entry::Vacant(place) if has_room => drop(place.insert(facts)),
                Entry::Vacant(_) => forgotten += 1,
            }
        }
        forgotten
    }

    /// So much was forgotten.
    pub(crate) fn note_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// How much was forgotten, since this process began.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Some of those that wait, as far as there is room for them.
    pub(crate) fn next(&self, most: usize) -> Vec<(Subject, Facts)> {
        let room = CHANGED_MAX.saturating_sub(self.changed().len());
        self.waiting().iter().take(most.min(room)).map(|(subject, facts)| (subject.clone(), facts.clone())).collect()
    }

    /// Takes up what waits of a subject, of which this is known. For one at a time: what it was told is then in what waits no more.
    pub(crate) fn take_up(&self, before: Arc<SubjectUse>, facts: &Facts) {
        let (after, subject) = (facts.on(&before), before.subject.clone());
        {
            let mut changed = self.changed();
            let seconds = if changed.len() < CROWDED { 60 } else { USES_KNOWN_TO_SECONDS };
            if changed.contains_key(&subject) || is_news(&before, &after, seconds) {
                changed.insert(subject.clone(), Arc::new(after));
            } else {
                // As the store knows it: what is no news now adds up until it is.
                self.recent.insert(subject.clone(), before);
            }
        }
        self.waiting().remove(&subject);
    }

    /// Some of those that the store does not know as they are.
    pub(crate) fn unwritten(&self) -> Vec<Arc<SubjectUse>> {
        self.changed().values().take(ROWS_MAX).cloned().collect()
    }

    /// How many there are of them, or wait to be.
    pub(crate) fn pending(&self) -> usize {
        self.changed().len() + self.waiting().len()
    }

    /// Whether there are so many that it takes more than a round to write them.
    pub(crate) fn is_crowded(&self) -> bool {
        self.pending() > CROWDED
    }

    /// The store knows these now.
    pub(crate) fn written(&self, known: Vec<Arc<SubjectUse>>) {
        let mut changed = self.changed();
        for known in known {
            if changed.get(&known.subject).is_some_and(|now| Arc::ptr_eq(now, &known)) {
                changed.remove(&known.subject);
            }
            self.recent.insert(known.subject.clone(), known);
        }
    }

    fn changed(&self) -> MutexGuard<'_, HashMap<Subject, Arc<SubjectUse>, RandomState>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Subject, Facts>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the store is to know it: times that moved by less than `seconds` alone are not worth a row.
fn is_news(before: &SubjectUse, after: &SubjectUse, seconds: i64) -> bool {
    let moved = |before: Option<i64>, after: Option<i64>| match (before, after) {
        (Some(before), Some(after)) => after - before >= seconds,
        (before, after) => before != after,
    };
    let refused = |known: &SubjectUse| known.last_refusal.as_ref().map(|last| last.at);
    let rule = |known: &SubjectUse| known.last_refusal.as_ref().map(|last| last.rule.clone());
    let are_marks_news =
        before.scopes != after.scopes || before.recent_networks != after.recent_networks || before.recent_agents != after.recent_agents;
    are_marks_news
        || moved(before.last_used_at, after.last_used_at)
        || moved(refused(before), refused(after))
        || rule(before) != rule(after)
}

#[cfg(test)]
mod tests {
    use jeton_core::id::ClientId;

    use super::*;

    fn subject(number: usize) -> Subject {
        Subject::Client(ClientId::from(&*format!("client_{number}")))
    }

    fn fresh(number: usize) -> Arc<SubjectUse> {
        Arc::new(SubjectUse::new(subject(number)))
    }

    fn used(minute: i64) -> Facts {
        Facts { used: Some((minute, minute)), ..Facts::default() }
    }

    #[test]
    fn what_changed_stays_until_it_is_written() {
        let subjects = Subjects::default();
        assert_eq!(subjects.get(&subject(1)), None);
        subjects.take_up(fresh(1), &used(60));
        let unwritten = subjects.unwritten();
        assert_eq!(unwritten.iter().map(|known| known.last_used_at).collect::<Vec<_>>(), [Some(60)]);
        // Used again while it is on its way: the store has to hear of it once more.
        subjects.take_up(subjects.get(&subject(1)).unwrap(), &used(120));
        subjects.written(unwritten);
        assert_eq!(subjects.unwritten().len(), 1);
        subjects.written(subjects.unwritten());
        assert!(subjects.unwritten().is_empty());
        let remembered = subjects.get(&subject(1)).unwrap();
        assert_eq!((remembered.first_used_at, remembered.last_used_at), (Some(60), Some(120)));
        subjects.take_up(remembered, &used(120));
        assert!(subjects.unwritten().is_empty(), "nothing new");
    }

    #[test]
    fn a_million_subjects_take_no_memory_without_end() {
        let subjects = Subjects::default();
        let mut forgotten = 0;
        for thousand in 0..1_000 {
            forgotten += subjects.wait((0..1_000).map(|number| (subject(thousand * 1_000 + number), used(60))).collect());
            let next = subjects.next(1_000);
            next.iter().for_each(|(subject, facts)| subjects.take_up(Arc::new(SubjectUse::new(subject.clone())), facts));
        }
        assert_eq!((subjects.changed().len(), subjects.waiting().len()), (CHANGED_MAX, WAITING_MAX));
        assert_eq!(forgotten, 1_000_000 - (CHANGED_MAX + WAITING_MAX) as u64, "each is written, waits, or is known to be forgotten");
        assert!(subjects.next(1).is_empty());
        assert!(subjects.recent.len() <= RECENT + RECENT / 10, "{}", subjects.recent.len());
        assert_eq!(subjects.unwritten().len(), ROWS_MAX);
    }

    #[test]
    fn what_waits_is_known() {
        let subjects = Subjects::default();
        for minute in [120, 60, 180] {
            assert_eq!(subjects.wait(vec![(subject(1), used(minute))]), 0);
        }
        let known =
            |known: Option<Arc<SubjectUse>>| subjects.up_to_date(&subject(1), known).map(|known| (known.first_used_at, known.last_used_at));
        let mut long_ago = SubjectUse::new(subject(1));
        long_ago.used(0);
        assert_eq!(known(None), Some((Some(60), Some(180))));
        assert_eq!(known(Some(Arc::new(long_ago))), Some((Some(0), Some(180))));
        let next = subjects.next(9);
        assert_eq!((next.len(), subjects.pending()), (1, 1), "until it is taken up");
        subjects.take_up(fresh(1), &next[0].1);
        assert_eq!((subjects.next(9).len(), subjects.pending()), (0, 1));
        assert_eq!(known(subjects.get(&subject(1))), Some((Some(60), Some(180))));
    }

    #[test]
    fn in_a_crowd_the_hour_is_enough() {
        let subjects = Subjects::default();
        subjects.take_up(fresh(0), &used(60));
        subjects.written(subjects.unwritten());
        (1..=CROWDED).for_each(|number| subjects.take_up(fresh(number), &used(60)));
        for (minute, is_news) in [(120, false), (3_600, false), (3_660, true)] {
            subjects.take_up(subjects.get(&subject(0)).unwrap(), &used(minute));
            assert_eq!(subjects.changed().contains_key(&subject(0)), is_news, "{minute}");
        }
    }
}
