//! Recording uses, and bringing them into the store.

use jeton_core::usage::progress::Progress;
use jeton_core::usage::{mixed, subject};
use jeton_store::store::{Fault, FaultKind};
use tokio::sync::oneshot;

use super::recorder::Seen;
use super::subjects::facts;
use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Counts one use, in memory: within a second it is in the store. Under a microsecond, and never an error.
    pub fn record(&self, seen: Seen<'_>) {
        self.recorder.record(seen);
    }

    /// The same for a use of one that another asked about.
    pub(crate) fn record_both(&self, used: Seen<'_>, asked: Seen<'_>) {
        self.recorder.record_both(used, asked);
    }

    /// Counts no use from now on, and lets the store know: whoever is used meanwhile is not idle.
    pub fn count_no_usage(&self) {
        self.recorder.turn_off();
    }

    /// Brings what was counted into the store. For a schedule, each second; two at a time would mix up the journal.
    ///
    /// # Errors
    /// When the engine cannot read, or could not write: what was counted in a minute that is over is dropped then, and counted as such.
    pub async fn flush_usage(&self) -> Result<(), Fault> {
        self.flush(false).await
    }

    /// The same for the last time: the next process knows that nothing was lost.
    ///
    /// # Errors
    /// As [`Service::flush_usage`].
    pub async fn end_usage(&self) -> Result<(), Fault> {
        self.flush(true).await
    }

    /// How far counting has come, and what of it was lost.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn usage_progress(&self) -> Result<Progress, Failure> {
        Ok(self.keeping.with(&*self.store, self.moments.time(), |kept| kept.progress)?)
    }

    async fn flush(&self, is_last: bool) -> Result<(), Fault> {
        let now = self.moments.time();
        let (mut taken, reported) = self.reports.take(&self.recorder);
        self.note_of_clients(&mut taken);
        let facts = facts(&taken, |subject| self.holders_of(subject));
        self.mixing.take_up(now.seconds(), &taken.noted);
        let is_off = self.recorder.is_off();
        let mut batch = self.keeping.with(&*self.store, now, |kept| {
            if is_off {
                kept.ends_counting();
            }
            kept.fold(taken.counted, &reported, now, is_last)
        })?;
        let remembered = self.remember(facts).await;
        let subjects = self.subjects.unwritten();
        subjects.iter().for_each(|known| batch.put(&subject::TABLE, known.row()));
        let mixed = self.mixing.unwritten();
        mixed.iter().for_each(|hour| batch.put(&mixed::TABLE, hour.row()));
        if batch.writes.is_empty() {
            return remembered;
        }
        let (reply, answer) = oneshot::channel();
        self.store.note(batch.writes, reply);
        let noted = answer.await.unwrap_or_else(|_| Err(Fault::new(FaultKind::Closed, "the store is closing")));
        match noted {
            Ok(()) => {
                self.subjects.written(subjects);
                self.mixing.written(&mixed);
            }
            Err(_) => {
                self.reports.put_back(reported);
                self.keeping.with(&*self.store, now, |kept| kept.dropped(batch.uses))?;
            }
        }
        noted.and(remembered)
    }
}
