//! What happened to subjects in a second: when they were used, and what that left behind.

use std::collections::HashMap;
use std::mem;

use foldhash::fast::RandomState;
use jeton_core::owner::Owner;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::subject::SubjectUse;
use jeton_core::usage::{Cell, Outcome, Subject};

use super::marks::Noted;
use super::recorder::Taken;

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

/// What happened to whom, in what was recorded; to the API and to all as well, and to those who were granted what was used. Takes what the
/// uses left behind.
pub(crate) fn facts(taken: &mut Taken, holders: impl Fn(&Subject) -> Vec<Owner>) -> FactsOf {
    // Each subject's own comes one after the other: only what several have in common is looked up.
    let mut own: FactsOf = Vec::with_capacity(taken.counted.len());
    let mut common: HashMap<Subject, Facts, RandomState> = HashMap::default();
    let mut noted = mem::take(&mut taken.noted);
    noted.remove(&Subject::Other);
    let mut held_by = vec![];
    let mut summed: Option<(i64, &Cell)> = None;
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
        // Of a crowd of keys all are in the same sums.
        if !summed.is_some_and(|(of, summed)| of == *minute && summed.has_sums_of(cell)) {
            summed = Some((*minute, cell));
            for sum in cell.sums().filter(|sum| sum.outcome.is_use()) {
                common.entry(sum.subject).or_default().take_up(*minute, sum.outcome, None);
            }
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

    pub(super) fn merge(&mut self, later: Facts) {
        if let Some((first, last)) = later.used {
            let (known_first, known_last) = self.used.unwrap_or((first, last));
            self.used = Some((first.min(known_first), last.max(known_last)));
        }
        self.refused = later.refused.or(self.refused);
        self.noted.merge(later.noted);
    }

    #[cfg(test)]
    pub(super) fn used_at(minute: i64) -> Facts {
        Facts { used: Some((minute, minute)), ..Facts::default() }
    }

    pub(super) fn on(&self, before: &SubjectUse) -> SubjectUse {
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
