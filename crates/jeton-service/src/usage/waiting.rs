//! What happened to subjects and is not taken up yet: whoever came first is taken up first.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;
use jeton_core::usage::Subject;

use super::facts::Facts;

/// Of how many subjects it is kept.
pub(super) const WAITING_MAX: usize = 65_536;

#[derive(Default)]
pub(super) struct Waiting {
    facts: HashMap<Subject, Facts, RandomState>,
    /// Each subject once.
    order: VecDeque<Subject>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) fn get(&self, subject: &Subject) -> Option<&Facts> {
        self.facts.get(subject)
    }

    /// Adds to what waits of a subject; `false`: nothing did, and there is no room.
    pub(super) fn add(&mut self, subject: Subject, facts: Facts) -> bool {
        let has_room = self.facts.len() < WAITING_MAX;
        match self.facts.entry(subject) {
            Entry::Occupied(mut known) => known.get_mut().merge(facts),
            Entry::Vacant(place) if has_room => {
                self.order.push_back(place.key().clone());
                place.insert(facts);
            }
            Entry::Vacant(_) => return false,
        }
        true
    }

    /// So many that came first.
    pub(super) fn first(&self, most: usize) -> Vec<(Subject, Facts)> {
        let waits = |subject: &Subject| Some((subject.clone(), self.facts.get(subject)?.clone()));
        self.order.iter().filter_map(waits).take(most).collect()
    }

    /// It was taken up. That of the first costs nothing.
    pub(super) fn remove(&mut self, subject: &Subject) {
        if self.facts.remove(subject).is_none() {
            return;
        }
        if let Some(place) = self.order.iter().position(|waiting| waiting == subject) {
            self.order.remove(place);
        }
        // A crowd leaves nothing behind.
        if self.facts.is_empty() {
            *self = Waiting::default();
        }
    }
}
