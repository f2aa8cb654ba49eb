//! What is kept of usage: folded from what was recorded, and taken up again by the next process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::commit::Write;
use jeton_core::moment::Time;
use jeton_core::record::{Malformed, Row, Table, Value};
use jeton_core::usage::bucket::{Bucket, Resolution};
use jeton_core::usage::counts::{Bounds, Closed, Counts};
use jeton_core::usage::journal::{self, Entry};
use jeton_core::usage::last::{self, Last};
use jeton_core::usage::progress::{self, Progress};
use jeton_core::usage::{Cell, Outcome, Subject};
use jeton_store::store::{Fault, FaultKind, Store, View};

use super::recorder::Counted;

/// What is kept of usage; read when it is first asked for.
#[derive(Default)]
pub(crate) struct Keeping(Mutex<Option<Kept>>);

/// The open counts, and how far they are in the store.
pub(crate) struct Kept {
    pub(crate) counts: Counts,
    pub(crate) progress: Progress,
    /// Whether the store knows the progress.
    is_told: bool,
    /// When the journal was last written, in microseconds.
    written_at: i64,
}

/// What is to be written, and how many uses go with it where it cannot be.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
    pub(crate) uses: u64,
}

impl Keeping {
    /// Works on what is kept; reads it first where nobody did.
    pub(crate) fn with<R>(&self, store: &dyn Store, now: Time, work: impl FnOnce(&mut Kept) -> R) -> Result<R, Fault> {
        let mut kept = self.lock();
        if kept.is_none() {
            *kept = Some(Kept::read(&*store.view()?, now)?);
        }
        kept.as_mut().map(work).ok_or_else(|| Fault::new(FaultKind::Engine, "usage is not known"))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What the process before left: the open hour and day, and of the open minute the journal.
    fn read(view: &dyn View, now: Time) -> Result<Kept, Fault> {
        let known = view.get(&progress::TABLE, &vec![progress::KEY])?;
        let known = known.map(|row| Progress::from_row(&row.record)).transpose().map_err(damaged)?;
        let Some(mut progress) = known else {
            let counts = Counts::new(now.seconds(), Bounds::default());
            return Ok(Kept { counts, progress: Progress { is_running: true, ..Progress::default() }, is_told: false, written_at: 0 });
        };
        progress.seconds_lost += u64::from(progress.is_running);
        let mut counts = Counts::new(progress.minute, Bounds::default());
        for resolution in [Resolution::Hour, Resolution::Day] {
            let start = vec![Value::Int(resolution.start_of(progress.minute))];
            for row in view.starting_with(resolution.table(), &start, usize::MAX)? {
                counts.resume(resolution, &Bucket::from_row(&row.record).map_err(damaged)?);
            }
        }
        let mut written_at = 0;
        for row in view.starting_with(&journal::TABLE, &vec![Value::Int(progress.minute)], usize::MAX)? {
            let entry = Entry::from_row(&row.record).map_err(damaged)?;
            written_at = written_at.max(entry.written_at);
            entry.counted.iter().for_each(|(cell, count)| counts.add(cell, u64::from(*count)));
        }
        Ok(Kept { counts, progress: Progress { is_running: true, ..progress }, is_told: false, written_at })
    }

    /// Folds what was recorded, and says what is to be written: first what belongs to minutes that are over, then that they are, then the
    /// journal of the open one. So whoever finds only a part of it folds the rest again, and nothing twice.
    pub(crate) fn fold(&mut self, recorded: Vec<Counted>, now: Time, is_last: bool) -> Batch {
        let mut batch = Batch::default();
        let mut journaled: Vec<(Cell, u32)> = Vec::new();
        for ((minute, cell), count) in recorded {
            if let Some(closed) = self.counts.close_before(minute) {
                batch.close(closed);
                journaled.clear();
            }
            self.counts.add(&cell, u64::from(count));
            journaled.push((cell, count));
        }
        if let Some(closed) = self.counts.close_before(now.seconds()) {
            batch.close(closed);
            journaled.clear();
        }
        let progress = Progress { minute: self.counts.minute(), is_running: !is_last, ..self.progress };
        let is_news = progress != self.progress && (!batch.writes.is_empty() || !journaled.is_empty() || is_last);
        if is_news || !self.is_told {
            self.progress = progress;
            self.is_told = true;
            batch.put(&progress::TABLE, progress.row());
        }
        self.written_at = now.micros().max(self.written_at + 1);
        for row in journal::rows(self.counts.minute(), self.written_at, &journaled) {
            batch.put(&journal::TABLE, row);
        }
        batch
    }

    /// What was to be written was not.
    pub(crate) fn dropped(&mut self, uses: u64) {
        self.progress.uses_dropped += uses;
        self.is_told = false;
    }
}

impl Batch {
    fn close(&mut self, closed: Closed) {
        let mut last: BTreeMap<(Subject, Outcome), i64> = BTreeMap::new();
        for (resolution, bucket) in closed.buckets {
            if resolution == Resolution::Minute {
                last.insert((bucket.cell.subject.clone(), bucket.cell.outcome), bucket.start);
            }
            self.put(resolution.table(), bucket.row());
        }
        for ((subject, outcome), at) in last {
            self.put(&last::TABLE, Last { subject, outcome, at }.row());
        }
        self.uses += closed.uses;
    }

    fn put(&mut self, table: &'static Table, row: Row) {
        self.writes.push(Write::Put { table, row });
    }
}

pub(crate) fn damaged(malformed: Malformed) -> Fault {
    Fault::new(FaultKind::Damaged, malformed.to_string())
}
