//! Recording uses, and bringing them into the store.

use std::mem;

use jeton_core::moment::Time;
use jeton_core::usage::progress::Progress;
use jeton_core::usage::{mixed, subject};
use jeton_store::store::{Fault, FaultKind, Noted};
use tokio::sync::oneshot;

use super::facts::facts;
use super::keeping::Batch;
use super::recorder::Seen;
use super::told::Told;
use crate::failure::Failure;
use crate::service::Service;

/// How often subjects are written in a second, while a crowd waits and the time for it is not over: a crowd is written the sooner.
const ROUNDS: usize = 4;
const ROUNDS_MICROS: i64 = 500_000;

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
        self.reports.turn_off();
    }

    /// Brings what was counted into the store. For a schedule, each second; two at a time would mix up the journal.
    ///
    /// # Errors
    /// When the engine cannot read, or could not write: what was counted in a minute that is over is dropped then, and counted as such.
    pub async fn flush_usage(&self) -> Result<(), Fault> {
        self.flush(false).await
    }

    /// The same for the last time: the next process knows that nothing was lost. Writes until nothing waits any more: for a patience of the
    /// caller's. Where that ends first, the next process knows that as well.
    ///
    /// # Errors
    /// As [`Service::flush_usage`].
    pub async fn end_usage(&self) -> Result<(), Fault> {
        loop {
            self.flush(false).await?;
            if self.subjects.pending() == 0 {
                return self.flush(true).await;
            }
        }
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
        self.write_counts(now, is_last).await?;
        for _ in 1..ROUNDS {
            let took = self.moments.time().micros().saturating_sub(now.micros());
            if !self.subjects.is_crowded() || took >= ROUNDS_MICROS {
                break;
            }
            self.remember().await?;
            self.write(Batch::default()).await?;
        }
        Ok(())
    }

    /// What was counted since it was last asked, and some of what is remembered of subjects.
    async fn write_counts(&self, now: Time, is_last: bool) -> Result<(), Fault> {
        // Read before anything is taken: what was taken is not lost where that fails.
        self.keeping.with(&*self.store, now, |_| ())?;
        let (told, numbers) = self.reports.take();
        let mut taken = self.recorder.take().with_told(told);
        self.note_of_clients(&mut taken);
        self.mixing.take_up(now.seconds(), &taken.noted);
        let dropped = taken.missed + self.subjects.wait(facts(&mut taken, |subject| self.holders_of(subject)));
        if dropped > 0 {
            self.subjects.note_dropped(dropped);
            self.keeping.begin_anew(&*self.store, now)?;
        }
        let remembered = self.remember().await;
        let is_last = is_last && self.subjects.pending() <= self.subjects.unwritten().len();
        let is_off = self.recorder.is_off();
        let told = Told { numbers, counted: mem::take(&mut taken.told) };
        let batch = self.keeping.with(&*self.store, now, |kept| {
            if is_off {
                kept.ends_counting();
            }
            kept.fold(&taken.counted, &told, now, is_last)
        })?;
        let uses = batch.uses;
        let noted = self.write(batch).await;
        if noted.is_ok() {
            self.keeping.with(&*self.store, now, |kept| kept.count_told(&told))?;
        } else {
            self.reports.put_back(told);
            self.keeping.with(&*self.store, now, |kept| kept.dropped(uses))?;
        }
        noted.and(remembered)
    }

    /// Writes it, and what waits of subjects and of the hour that is open, as far as it fits in.
    async fn write(&self, mut batch: Batch) -> Result<(), Fault> {
        let subjects = self.subjects.unwritten();
        subjects.iter().for_each(|known| batch.put(&subject::TABLE, known.row()));
        let mixed = self.mixing.unwritten();
        mixed.iter().for_each(|hour| batch.put(&mixed::TABLE, hour.row()));
        let together = batch.together.len();
        batch.writes.append(&mut batch.together);
        if batch.writes.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.store.note(Noted { writes: batch.writes, together }, reply);
        answer.await.unwrap_or_else(|_| Err(Fault::new(FaultKind::Closed, "the store is closing")))?;
        self.subjects.written(subjects);
        self.mixing.written(&mixed);
        Ok(())
    }
}
