//! What the backup hears of each group, before the service answers for it.

use std::sync::Arc;

use jeton_backup::unshipped::Unshipped;
use jeton_store::store::{Answer, Fault, Group, Subscriber};

/// A subscriber with a backup beside it.
pub(crate) struct Heard {
    /// The service.
    pub(crate) service: Arc<dyn Subscriber>,
    /// What was committed and is not shipped yet.
    pub(crate) unshipped: Arc<Unshipped>,
}

impl Subscriber for Heard {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        self.unshipped.hear(group);
        self.service.applied(group)
    }

    fn answer(&self, answers: Vec<Answer>) {
        self.service.answer(answers);
    }

    fn lost(&self, fault: &Fault) {
        self.service.lost(fault);
    }
}
