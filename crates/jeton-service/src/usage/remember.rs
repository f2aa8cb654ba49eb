//! When a credential was first and last used, and last refused: from memory, or one look-up away.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::record::{Row, Versioned};
use jeton_core::usage::Subject;
use jeton_core::usage::subject::{self, SubjectUse};
use jeton_store::store::{Fault, FaultKind, Fetch, View};
use tokio::sync::oneshot;

use super::keeping::damaged;
use super::sketch;
use super::subjects::Facts;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::service::Service;

/// How many look-ups are under way at a time: checks of keys wait behind them.
const LOOK_UPS: usize = 64;

/// What is remembered of subjects, for lists.
pub struct SubjectUses<'s> {
    service: &'s Service,
    view: Box<dyn View + 's>,
}

/// About how many different networks or agents a sketch has seen.
#[must_use]
pub fn distinct(sketched: &Arc<[u8]>) -> u64 {
    sketch::count(sketched)
}

impl Service {
    /// What is remembered of a subject's use; `None`: it was not used since uses are counted. What happened this second may be missing.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn subject_use(&self, subject: &Subject) -> Result<Option<Arc<SubjectUse>>, Failure> {
        match self.subjects.get(subject) {
            Some(known) => Ok(Some(known)),
            None => Ok(heard(self.ask_for(subject)).await?.map(Arc::new)),
        }
    }

    /// The minute, in seconds, in which a key was last used and accepted. The first answer for a key in memory may need a look-up; later ones
    /// cost a read of memory.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn key_last_used(&self, entry: &KeyEntry) -> Result<Option<i64>, Failure> {
        if let Some(known) = entry.last_used() {
            return Ok(known);
        }
        let read = self.subject_use(&Subject::Key(entry.key.record.id)).await?;
        entry.learn_last_use(read.and_then(|known| known.last_used_at));
        Ok(entry.last_used().flatten())
    }

    /// Since when every use is counted, in seconds; `None`: uses are not counted now, or it is not known yet. Whoever was not used since
    /// before then may have been used all the same.
    #[must_use]
    pub fn usage_kept_since(&self) -> Option<i64> {
        self.keeping.kept_since().filter(|_| !self.recorder.is_off())
    }

    /// The same for lists. Reads a row for each: for a thread that may block.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn subject_uses(&self) -> Result<SubjectUses<'_>, Failure> {
        Ok(SubjectUses { service: self, view: self.store.view()? })
    }

    /// Takes up what happened to subjects. Whoever cannot be read now, or has no room, is taken up another time.
    pub(super) async fn remember(&self, facts: BTreeMap<Subject, Facts>) -> Result<(), Fault> {
        let mut unknown = Vec::new();
        let mut outcome = Ok(());
        for (subject, facts) in facts {
            match self.subjects.get(&subject) {
                Some(known) => self.subjects.take_up(known, &facts),
                None if self.subjects.has_room_for(unknown.len()) => unknown.push((self.ask_for(&subject), subject, facts)),
                // It would be looked up for nothing.
                None => {}
            }
            if unknown.len() == LOOK_UPS {
                outcome = outcome.and(self.remember_unknown(&mut unknown).await);
            }
        }
        outcome.and(self.remember_unknown(&mut unknown).await)
    }

    async fn remember_unknown(&self, unknown: &mut Vec<(Asked, Subject, Facts)>) -> Result<(), Fault> {
        let mut outcome = Ok(());
        for (answer, subject, facts) in unknown.drain(..) {
            match heard(answer).await {
                Ok(known) => self.subjects.take_up(Arc::new(known.unwrap_or_else(|| SubjectUse::new(subject))), &facts),
                Err(fault) => outcome = Err(fault),
            }
        }
        outcome
    }

    fn ask_for(&self, subject: &Subject) -> Asked {
        let (reply, answer) = oneshot::channel();
        self.fetches.hand_over(Fetch { table: &subject::TABLE, key: subject::key(subject), reply });
        answer
    }
}

/// A look-up on its way.
type Asked = oneshot::Receiver<Result<Option<Versioned<Row>>, Fault>>;

async fn heard(answer: Asked) -> Result<Option<SubjectUse>, Fault> {
    let row = answer.await.map_err(|_| Fault::new(FaultKind::Closed, "the store is closed"))??;
    row.map(|row| SubjectUse::from_row(&row.record)).transpose().map_err(damaged)
}

impl SubjectUses<'_> {
    /// What is remembered of a subject's use.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn of(&self, subject: &Subject) -> Result<Option<Arc<SubjectUse>>, Failure> {
        if let Some(known) = self.service.subjects.get(subject) {
            return Ok(Some(known));
        }
        let row = self.view.get(&subject::TABLE, &subject::key(subject))?;
        Ok(row.map(|row| SubjectUse::from_row(&row.record)).transpose().map_err(damaged)?.map(Arc::new))
    }

    /// The minute in which a subject was last used and not refused, in seconds.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn last_used(&self, subject: &Subject) -> Result<Option<i64>, Failure> {
        Ok(self.of(subject)?.and_then(|known| known.last_used_at))
    }
}
