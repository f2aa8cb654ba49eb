//! What is kept of usage: folded from what was recorded, and taken up again by the next process.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::commit::Write;
use jeton_core::moment::Time;
use jeton_core::record::{Malformed, Row, Table, Value};
use jeton_core::usage::bucket::{Bucket, Resolution};
use jeton_core::usage::counts::{Bounds, Closed, Counts};
use jeton_core::usage::journal::{self, Entry};
use jeton_core::usage::progress::{self, Progress};
use jeton_core::usage::report;
use jeton_store::store::{Fault, FaultKind, Store, View};

use super::recorder::Counted;
use super::told::Told;

/// What is kept of usage; read when it is first asked for.
pub(crate) struct Keeping {
    kept: Mutex<Option<Kept>>,
    /// What its progress says, in seconds: asked for at each use of a credential that may be idle.
    kept_since: AtomicI64,
}

/// It is not known since when.
const NOT_KNOWN: i64 = i64::MAX;

impl Default for Keeping {
    fn default() -> Keeping {
        Keeping { kept: Mutex::default(), kept_since: AtomicI64::new(NOT_KNOWN) }
    }
}

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
    /// What comes last, in one transaction.
    pub(crate) together: Vec<Write>,
    pub(crate) uses: u64,
}

impl Keeping {
    /// Works on what is kept; reads it first where nobody did.
    pub(crate) fn with<R>(&self, store: &dyn Store, now: Time, work: impl FnOnce(&mut Kept) -> R) -> Result<R, Fault> {
        let mut kept = self.lock();
        if kept.is_none() {
            let read = Kept::read(&*store.view()?, now)?;
            self.kept_since.store(read.progress.kept_since.unwrap_or(NOT_KNOWN), Ordering::Relaxed);
            *kept = Some(read);
        }
        kept.as_mut().map(work).ok_or_else(|| Fault::new(FaultKind::Engine, "usage is not known"))
    }

    /// Uses were forgotten: nobody is idle for what came before.
    pub(crate) fn begin_anew(&self, store: &dyn Store, now: Time) -> Result<(), Fault> {
        let since = self.with(store, now, |kept| {
            kept.progress.kept_since = kept.progress.kept_since.map(|since| since.max(now.seconds()));
            kept.is_told = false;
            kept.progress.kept_since
        })?;
        self.kept_since.store(since.unwrap_or(NOT_KNOWN), Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn kept_since(&self) -> Option<i64> {
        Some(self.kept_since.load(Ordering::Relaxed)).filter(|since| *since != NOT_KNOWN)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What the process before left: the open hour and day, and of the open minute the journal.
    fn read(view: &dyn View, now: Time) -> Result<Kept, Fault> {
        let known = view.get(&progress::TABLE, &vec![progress::KEY])?;
        let known = known.map(|row| Progress::from_row(&row.record)).transpose().map_err(damaged)?;
        let Some(mut progress) = known else {
            let counts = Counts::new(now.seconds(), Bounds::default());
            let progress = Progress { is_running: true, kept_since: Some(now.seconds()), ..Progress::default() };
            return Ok(Kept { counts, progress, is_told: false, written_at: 0 });
        };
        progress.seconds_lost += u64::from(progress.is_running);
        // Whoever ended without a last word knew of uses that nobody knows now. A clock that ran ahead once excuses nobody for years.
        let is_known = |since: &i64| !progress.is_running && *since <= now.seconds();
        progress.kept_since = progress.kept_since.filter(is_known).or(Some(now.seconds()));
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
    /// journal of the open one. So whoever finds only a part of it folds the rest again, and nothing twice. What verifiers told goes into the
    /// journal of the open minute, whenever it was, with the numbers of their reports and at last: all of it is there or nothing. It is
    /// counted once it is written ([`Kept::count_told`]).
    pub(crate) fn fold(&mut self, recorded: &[Counted], told: &Told, now: Time, is_last: bool) -> Batch {
        let mut batch = Batch::default();
        let (mut seen, mut journaled) = (0, recorded);
        for of_a_minute in recorded.chunk_by(|((one, _), _), ((next, _), _)| one == next) {
            let minute = of_a_minute.first().map_or(self.counts.minute(), |((minute, _), _)| *minute);
            if let Some(closed) = self.counts.close_before(minute) {
                batch.close(closed);
                journaled = recorded.get(seen..).unwrap_or_default();
            }
            seen += of_a_minute.len();
            self.counts.add_all(of_a_minute.iter().map(|((_, cell), count)| (cell, u64::from(*count))));
        }
        if let Some(closed) = self.counts.close_before(now.seconds()) {
            batch.close(closed);
            journaled = &[];
        }
        let progress = Progress { minute: self.counts.minute(), is_running: !is_last, ..self.progress };
        let is_news = progress != self.progress && (!batch.writes.is_empty() || !journaled.is_empty() || !told.is_empty() || is_last);
        if is_news || !self.is_told {
            self.progress = progress;
            self.is_told = true;
            batch.put(&progress::TABLE, progress.row());
        }
        self.written_at = now.micros().max(self.written_at + 1);
        for row in journal::rows(self.counts.minute(), self.written_at, journaled.iter().map(|((_, cell), count)| (cell, *count))) {
            batch.put(&journal::TABLE, row);
        }
        if !told.is_empty() {
            self.written_at += 1;
            batch.tell(told, self.counts.minute(), self.written_at);
        }
        batch
    }

    /// What verifiers told was written, in the minute that is open.
    pub(crate) fn count_told(&mut self, told: &Told) {
        self.counts.add_all(told.counted.iter().map(|((_, cell), count)| (cell, u64::from(*count))));
    }

    /// Uses are not counted now.
    pub(crate) fn ends_counting(&mut self) {
        self.is_told &= self.progress.kept_since.is_none();
        self.progress.kept_since = None;
    }

    /// What was to be written was not.
    pub(crate) fn dropped(&mut self, uses: u64) {
        self.progress.uses_dropped += uses;
        self.is_told = false;
    }
}

impl Batch {
    fn close(&mut self, closed: Closed) {
        for (resolution, bucket) in closed.buckets {
            self.put(resolution.table(), bucket.row());
        }
        self.uses += closed.uses;
    }

    fn tell(&mut self, told: &Told, minute: i64, written_at: i64) {
        let counted = told.counted.iter().map(|((_, cell), count)| (cell, *count));
        let numbers = told.numbers.iter().map(|reported| Write::Put { table: &report::TABLE, row: reported.row() });
        let journaled = journal::rows(minute, written_at, counted).into_iter().map(|row| Write::Put { table: &journal::TABLE, row });
        self.together = numbers.chain(journaled).collect();
    }

    pub(crate) fn put(&mut self, table: &'static Table, row: Row) {
        self.writes.push(Write::Put { table, row });
    }
}

pub(crate) fn damaged(malformed: Malformed) -> Fault {
    Fault::new(FaultKind::Damaged, malformed.to_string())
}
