//! What is remembered of subjects: in memory while it is not in the store, and for a while after.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jeton_core::policy::idle::USES_KNOWN_TO_SECONDS;
use jeton_core::usage::Subject;
use jeton_core::usage::subject::SubjectUse;
use quick_cache::sync::Cache;

use super::facts::{Facts, FactsOf};
use super::waiting::Waiting;

/// How many subjects are remembered that the store knows as they are.
const RECENT: usize = 24_576;
/// How many that it does not.
const CHANGED_MAX: usize = 16_384;
/// With more than this that it does not, a use within the hour of the last one is no news: nobody is idle by less.
const CROWDED: usize = 4_096;
/// How many are written at a time.
const ROWS_MAX: usize = 2_048;

/// What is remembered of subjects.
pub(crate) struct Subjects {
    changed: Mutex<HashMap<Subject, Arc<SubjectUse>, RandomState>>,
    /// What is not known of these is not looked up yet.
    waiting: Mutex<Waiting>,
    recent: Cache<Subject, Arc<SubjectUse>>,
    /// What had no room, since this process began.
    dropped: AtomicU64,
}

impl Default for Subjects {
    fn default() -> Subjects {
        Subjects { changed: Mutex::default(), waiting: Mutex::default(), recent: Cache::new(RECENT), dropped: AtomicU64::new(0) }
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
            forgotten += u64::from(!waiting.add(subject, facts));
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
        self.waiting().first(most.min(room))
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

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
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

    use super::super::waiting::WAITING_MAX;
    use super::*;

    fn subject(number: usize) -> Subject {
        Subject::Client(ClientId::from(&*format!("client_{number}")))
    }

    fn fresh(number: usize) -> Arc<SubjectUse> {
        Arc::new(SubjectUse::new(subject(number)))
    }

    fn used(minute: i64) -> Facts {
        Facts::used_at(minute)
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
