//! When a credential was first and last used, and last refused: from memory, or one look-up away.

use std::sync::Arc;

use jeton_core::record::{Row, Versioned};
use jeton_core::usage::Subject;
use jeton_core::usage::subject::{self, SubjectUse};
use jeton_store::store::{Fault, FaultKind, Fetch, View};
use tokio::sync::oneshot;

use super::facts::Facts;
use super::keeping::damaged;
use super::sketch;
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
        let known = match self.subjects.get(subject) {
            Some(known) => Some(known),
            None => heard(self.ask_for(subject)).await?.map(Arc::new),
        };
        Ok(self.subjects.up_to_date(subject, known))
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

    /// How many subjects have changed, and are not in the store as they are.
    #[must_use]
    pub fn unwritten_uses(&self) -> usize {
        self.subjects.pending()
    }

    /// How many uses of a credential were forgotten since this process began: there was no room to remember them. Nobody is idle for what came
    /// before.
    #[must_use]
    pub fn last_uses_dropped(&self) -> u64 {
        self.subjects.dropped()
    }

    /// Takes up what happened to subjects. Whoever cannot be read now, or has no room, is taken up another time.
    pub(super) async fn remember(&self) -> Result<(), Fault> {
        loop {
            let next = self.subjects.next(LOOK_UPS);
            if next.is_empty() {
                return Ok(());
            }
            let ask = |(subject, facts): (Subject, Facts)| {
                let known = self.subjects.get(&subject);
                (known.is_none().then(|| self.ask_for(&subject)), known, subject, facts)
            };
            let asked: Vec<_> = next.into_iter().map(ask).collect();
            for (answer, known, subject, facts) in asked {
                let known = match answer {
                    Some(answer) => heard(answer).await?.map(Arc::new),
                    None => known,
                };
                self.subjects.take_up(known.unwrap_or_else(|| Arc::new(SubjectUse::new(subject))), &facts);
            }
        }
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
        let subjects = &self.service.subjects;
        let known = match subjects.get(subject) {
            Some(known) => Some(known),
            None => {
                let row = self.view.get(&subject::TABLE, &subject::key(subject))?;
                row.map(|row| SubjectUse::from_row(&row.record)).transpose().map_err(damaged)?.map(Arc::new)
            }
        };
        Ok(subjects.up_to_date(subject, known))
    }

    /// The minute in which a subject was last used and not refused, in seconds.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn last_used(&self, subject: &Subject) -> Result<Option<i64>, Failure> {
        Ok(self.of(subject)?.and_then(|known| known.last_used_at))
    }
}
