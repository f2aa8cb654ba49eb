//! A subscriber that sees every commit under an id of its own.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::id::CommitId;
use jeton_store::store::{Answer, Fault, Group, Subscriber};

/// Two commits of one id are one change to whoever reads the ledger, and the audit finds entries without their rows: a moment was used twice.
pub(super) struct EachOnce {
    subscriber: Arc<dyn Subscriber>,
    seen: Mutex<HashSet<CommitId>>,
}

impl EachOnce {
    pub(super) fn new(subscriber: Arc<dyn Subscriber>) -> EachOnce {
        EachOnce { subscriber, seen: Mutex::default() }
    }
}

impl Subscriber for EachOnce {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (sequence, commit) in group.commits.iter().filter(|(_, commit)| !commit.events.is_empty()) {
            let told: Vec<_> = commit.events.iter().map(|event| event.encode().map(|encoded| encoded.kind)).collect();
            assert!(seen.insert(commit.id), "the commit of entry {sequence} has the id of another: {told:?}");
        }
        drop(seen);
        self.subscriber.applied(group)
    }

    fn answer(&self, answers: Vec<Answer>) {
        self.subscriber.answer(answers);
    }

    fn lost(&self, fault: &Fault) {
        self.subscriber.lost(fault);
    }
}
