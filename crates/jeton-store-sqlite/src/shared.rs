//! What the engine's threads share: the queue with its doorbell, the head, the slices, and whether the engine still stands.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, mpsc};
use std::time::Duration;

use jeton_core::moment::Time;
use jeton_store::ledger::Head;
use jeton_store::occupancy::Occupancy;
use jeton_store::queue::{Limits, Queue};
use jeton_store::store::{CommitError, FSYNC_FIRST_MICROS, FSYNC_TIMES, Fault, FaultKind, GROUP_SIZES, Statistics, Submission, Subscriber};
use jeton_store::table::Schema;
use jeton_store::tally::Tally;

use crate::note::Note;
use crate::slices::Slices;

/// What the engine's threads share.
pub(crate) struct Shared {
    pub(crate) schema: &'static Schema,
    pub(crate) database: PathBuf,
    pub(crate) subscriber: Arc<dyn Subscriber>,
    waiting: Mutex<Waiting>,
    bell: Condvar,
    head: RwLock<Arc<Head>>,
    slices: RwLock<Arc<Slices>>,
    /// Whether the disk is full.
    pub(crate) is_full: AtomicBool,
    /// Held while the checkpointer copies the log: SQLite lets nobody else copy it then, and waits for nobody.
    pub(crate) checkpointing: Mutex<()>,
    uptime: fn() -> Duration,
    groups: AtomicU64,
    commits: AtomicU64,
    group_sizes: Tally<GROUP_SIZES>,
    fsync_micros: Tally<FSYNC_TIMES>,
    expired_rows_removed: AtomicU64,
    lost: OnceLock<Fault>,
}

struct Waiting {
    queue: Queue,
    occupancy: Occupancy,
    chores: VecDeque<Chore>,
    /// Whether the writer sleeps: only then is the bell rung, since ringing costs a system call.
    is_asleep: bool,
    is_closing: bool,
}

/// What the writer does between groups.
pub(crate) enum Chore {
    /// Drop what has expired, and say how many rows went.
    Purge(Time, mpsc::SyncSender<Result<u64, Fault>>),
    /// Write over what was deleted, and say once nothing of it is left.
    Wipe(mpsc::SyncSender<Result<(), Fault>>),
    /// Write usage.
    Note(Note),
    /// Empty the rest of the write-ahead log, so that it starts over.
    FinishCheckpoint,
    /// The disk is full.
    NoteFull,
}

/// What the writer does next.
pub(crate) struct Turn {
    pub(crate) group: Vec<Submission>,
    pub(crate) chores: VecDeque<Chore>,
}

impl Shared {
    pub(crate) fn new(
        schema: &'static Schema,
        database: PathBuf,
        subscriber: Arc<dyn Subscriber>,
        limits: Limits,
        uptime: fn() -> Duration,
        head: Head,
        slices: Slices,
    ) -> Shared {
        let waiting = Waiting {
            queue: Queue::new(limits),
            occupancy: Occupancy::default(),
            chores: VecDeque::new(),
            is_asleep: false,
            is_closing: false,
        };
        Shared {
            schema,
            database,
            subscriber,
            waiting: Mutex::new(waiting),
            bell: Condvar::new(),
            head: RwLock::new(Arc::new(head)),
            slices: RwLock::new(Arc::new(slices)),
            is_full: AtomicBool::new(false),
            checkpointing: Mutex::default(),
            uptime,
            groups: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            group_sizes: Tally::new(1),
            fsync_micros: Tally::new(FSYNC_FIRST_MICROS),
            expired_rows_removed: AtomicU64::new(0),
            lost: OnceLock::new(),
        }
    }

    /// Lets commits wait for the writer, or answers those that cannot.
    pub(crate) fn submit(&self, batch: Vec<Submission>) {
        let now_micros = self.uptime_micros();
        let mut waiting = self.lock();
        // Asked for under the lock: what is pushed after that is seen by whoever loses the engine.
        if let Some(fault) = self.lost.get() {
            drop(waiting);
            return answer_all(batch, &CommitError::Fault(fault.clone()));
        }
        if waiting.is_closing {
            drop(waiting);
            return answer_all(batch, &CommitError::Fault(closed()));
        }
        waiting.pass(now_micros);
        let refused: Vec<_> = batch.into_iter().filter_map(|submission| waiting.queue.push(submission).err()).collect();
        self.ring(waiting);
        answer_all(refused, &CommitError::Busy);
    }

    /// Asks the writer for a chore; gives it back when the engine does nothing any more.
    pub(crate) fn ask(&self, chore: Chore) -> Result<(), Chore> {
        let mut waiting = self.lock();
        if waiting.is_closing || self.lost.get().is_some() {
            return Err(chore);
        }
        waiting.chores.push_back(chore);
        self.ring(waiting);
        Ok(())
    }

    /// What the writer does next; waits for it, or for `rest` where the writer has work of its own that yields to all others. `None` when
    /// the engine closes and neither a commit nor a chore waits: a purge that is under way then ends where it stands.
    pub(crate) fn next(&self, rest: Option<Duration>) -> Option<Turn> {
        let mut waiting = self.lock();
        while waiting.queue.is_empty() && waiting.chores.is_empty() {
            if waiting.is_closing {
                return None;
            }
            waiting.is_asleep = true;
            if let Some(rest) = rest {
                (waiting, _) = self.bell.wait_timeout(waiting, rest).unwrap_or_else(PoisonError::into_inner);
                waiting.is_asleep = false;
                break;
            }
            waiting = self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.is_asleep = false;
        }
        waiting.pass(self.uptime_micros());
        Some(Turn { group: waiting.queue.take(), chores: std::mem::take(&mut waiting.chores) })
    }

    /// Tells the writer to do what waits and end.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closing = true;
        self.ring(waiting);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Says that the engine lost its footing: nothing is acknowledged from now on. Whoever waits is told first, since the subscriber ends
    /// the process.
    pub(crate) fn lose(&self, fault: &Fault, group: Vec<Submission>) {
        let is_first = self.lost.set(fault.clone()).is_ok();
        answer_all(group, &CommitError::Fault(fault.clone()));
        if is_first {
            self.refuse_waiting(fault);
            self.subscriber.lost(fault);
        }
    }

    fn refuse_waiting(&self, fault: &Fault) {
        loop {
            let mut waiting = self.lock();
            let (group, chores) = (waiting.queue.take(), std::mem::take(&mut waiting.chores));
            drop(waiting);
            if group.is_empty() && chores.is_empty() {
                return;
            }
            answer_all(group, &CommitError::Fault(fault.clone()));
            for chore in chores {
                // Whoever asked may have gone.
                match chore {
                    Chore::Purge(_, reply) => drop(reply.send(Err(fault.clone()))),
                    Chore::Wipe(reply) => drop(reply.send(Err(fault.clone()))),
                    Chore::Note(_) | Chore::FinishCheckpoint | Chore::NoteFull => {}
                }
            }
        }
    }

    pub(crate) fn lost(&self) -> Option<&Fault> {
        self.lost.get()
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn slices(&self) -> Arc<Slices> {
        Arc::clone(&self.slices.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_slices(&self, slices: &Slices) {
        *self.slices.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(slices.clone());
    }

    /// Publishes a durable group's head and counts its commits.
    pub(crate) fn publish(&self, head: &Arc<Head>, commits: usize) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(head);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.group_sizes.note(commits as u64);
        self.commits.fetch_add(commits as u64, Ordering::Relaxed);
    }

    /// Counts rows that left.
    pub(crate) fn count_removed(&self, rows: u64) {
        self.expired_rows_removed.fetch_add(rows, Ordering::Relaxed);
    }

    /// How long the engine has run, in microseconds.
    pub(crate) fn uptime_micros(&self) -> u64 {
        u64::try_from((self.uptime)().as_micros()).unwrap_or(u64::MAX)
    }

    /// Counts a group's fsync.
    pub(crate) fn count_fsync(&self, micros: u64) {
        self.fsync_micros.note(micros);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let now_micros = self.uptime_micros();
        let (waiting, waited_micros) = {
            let mut waiting = self.lock();
            waiting.pass(now_micros);
            (waiting.queue.len() as u64, waiting.occupancy.waited_micros())
        };
        Statistics {
            groups: self.groups.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            waiting,
            group_sizes: self.group_sizes.read(),
            fsync_micros: self.fsync_micros.read(),
            waited_micros,
            is_full: self.is_full.load(Ordering::Relaxed),
            expired_rows_removed: self.expired_rows_removed.load(Ordering::Relaxed),
        }
    }

    fn ring(&self, waiting: MutexGuard<'_, Waiting>) {
        let is_asleep = waiting.is_asleep;
        drop(waiting);
        if is_asleep {
            self.bell.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// What waits has waited until now.
    fn pass(&mut self, now_micros: u64) {
        self.occupancy.pass(now_micros, self.queue.len());
    }
}

/// Gives everybody the same refusal.
pub(crate) fn answer_all(submissions: Vec<Submission>, refusal: &CommitError) {
    for submission in submissions {
        // Whoever waited may have gone.
        let _ = submission.reply.send(Err(refusal.clone()));
    }
}

/// The fault of an engine that shuts down.
pub(crate) fn closed() -> Fault {
    Fault::new(FaultKind::Closed, "the store is closing")
}
