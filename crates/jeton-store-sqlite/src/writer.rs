//! The writer thread: group commit, and what is done between groups.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jeton_core::commit::{Commit, Sequence, Write};
use jeton_core::record::Table;
use jeton_store::group::{self, Decided, Salts, Transaction as _};
use jeton_store::store::{Answer, CommitError, Fault, FaultKind, Group, Submission};
use jeton_store::{checksum, note};
use rusqlite::{Connection, Statement};

use crate::checkpointer::{self, LogState};
use crate::fault::{fault, is_full, is_io};
use crate::folder;
use crate::ledger;
use crate::note::Note;
use crate::panic_guard::PanicGuard;
use crate::purge::{Progress, Purge};
use crate::reserve::Reserve;
use crate::shared::{Chore, Shared, answer_all, closed};
use crate::slices::Slices;
use crate::statements::Statements;
use crate::transaction::{GroupTransaction, Trouble};
use crate::wipe::Wipe;

/// The writer's own.
pub(crate) struct Writer<'c> {
    shared: Arc<Shared>,
    statements: Statements<'c>,
    begin: Statement<'c>,
    commit: Statement<'c>,
    append: Statement<'c>,
    set_head: Statement<'c>,
    salts: Salts,
    slices: Slices,
    reserve: Reserve,
    is_full: bool,
    /// How many marks may be set while the disk is full.
    marks_left: u64,
    purge: Option<Purge>,
    wipe: Option<Wipe>,
    notes: VecDeque<Note>,
    log: LogState<'c>,
}

/// Why a group was not made; nothing of it is kept.
enum Failure {
    /// The disk has no room.
    Full,
    /// It is not known what the disk holds.
    Durability(Fault),
    /// Anything else.
    Fault(Fault),
}

/// Runs the writer until the engine closes.
pub(crate) fn run(
    shared: Arc<Shared>,
    connection: &Connection,
    salts: Salts,
    reserve: Reserve,
    checkpointer: SyncSender<()>,
    log_pages: i64,
) -> rusqlite::Result<()> {
    let mut writer = Writer {
        slices: (*shared.slices()).clone(),
        statements: Statements::new(connection),
        begin: connection.prepare("BEGIN IMMEDIATE")?,
        commit: connection.prepare("COMMIT")?,
        append: connection.prepare(ledger::APPEND)?,
        set_head: connection.prepare(ledger::SET_HEAD)?,
        is_full: !reserve.is_kept() && !reserve.keep_if_room(),
        marks_left: reserve.marks(),
        salts,
        reserve,
        purge: None,
        wipe: None,
        notes: VecDeque::new(),
        log: LogState::new(connection, checkpointer, log_pages)?,
        shared,
    };
    writer.note_full(writer.is_full);
    while let Some(turn) = writer.shared.next(writer.rest()) {
        if let Some(fault) = writer.shared.lost().cloned() {
            answer_all(turn.group, &CommitError::Fault(fault.clone()));
            writer.end_purge(Err(fault.clone()));
            writer.end_wipe(Err(fault.clone()));
            writer.end_notes(&fault);
            if writer.shared.is_closing() {
                break;
            }
            continue;
        }
        let is_asked = !turn.chores.is_empty();
        turn.chores.into_iter().for_each(|chore| writer.take(chore));
        let commits = turn.group.len();
        if commits > 0 {
            writer.group(turn.group);
        }
        writer.purge_some(commits);
        writer.wipe_some(commits);
        // Asked this moment, it waits: a group may come, whose fsync serves both.
        if commits > 0 || !is_asked {
            writer.note_some(commits);
        }
    }
    writer.end_purge(Err(closed()));
    writer.end_wipe(Err(closed()));
    writer.end_notes(&closed());
    Ok(())
}

impl Writer<'_> {
    /// How long the writer waits for others before it goes on with work of its own; for ever where it has none.
    fn rest(&self) -> Option<Duration> {
        (self.purge.is_some() || self.wipe.is_some() || !self.notes.is_empty()).then_some(Purge::REST)
    }

    fn group(&mut self, submissions: Vec<Submission>) {
        if self.is_full && self.reserve.keep_if_room() {
            self.note_full(false);
        }
        let submissions = self.refuse_when_full(submissions);
        let weight = 1 + submissions.len() / 64;
        match self.attempt(&submissions) {
            Ok(decided) => self.publish(submissions, &decided),
            Err(Failure::Full) => self.group_without_room(submissions),
            Err(failure) => self.fail(submissions, failure),
        }
        self.log.watch(weight);
    }

    /// Once more with the reserve's space, and once more with the log emptied: only what is made on a full disk.
    fn group_without_room(&mut self, submissions: Vec<Submission>) {
        self.reserve.release();
        self.note_full(true);
        let submissions = self.refuse_when_full(submissions);
        for attempt in 0..2 {
            match self.attempt(&submissions) {
                Ok(decided) => return self.publish(submissions, &decided),
                Err(Failure::Full) if attempt == 0 => {
                    // Without waiting for the checkpointer the log would stay as it is where that is at work.
                    let shared = Arc::clone(&self.shared);
                    let _held = shared.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
                    self.finish_checkpoint();
                }
                Err(Failure::Full) => break,
                Err(failure) => return self.fail(submissions, failure),
            }
        }
        answer_all(submissions, &CommitError::Full);
    }

    fn refuse_when_full(&self, submissions: Vec<Submission>) -> Vec<Submission> {
        if !self.is_full {
            return submissions;
        }
        let mut marks_left = self.marks_left;
        let mut is_made = |commit: &Commit| {
            if !commit.only_marks() {
                return commit.is_made_when_full();
            }
            let left = marks_left.checked_sub(commit.marks.len() as u64);
            marks_left = left.unwrap_or(marks_left);
            left.is_some()
        };
        let (made, others) = submissions.into_iter().partition(|submission| is_made(&submission.commit));
        answer_all(others, &CommitError::Full);
        made
    }

    /// Only marks that were set take room, and each takes it once: a replay is refused and takes none.
    fn count_marks(&mut self, commits: &[(Sequence, Commit)]) {
        if self.is_full {
            let only_marks = commits.iter().filter(|(_, commit)| commit.only_marks());
            let set = only_marks.map(|(_, commit)| commit.marks.len() as u64).sum();
            self.marks_left = self.marks_left.saturating_sub(set);
        }
    }

    /// One transaction; on failure it is rolled back.
    fn attempt(&mut self, submissions: &[Submission]) -> Result<Decided, Failure> {
        let _guard = PanicGuard::new(&self.shared);
        let commits = submissions.iter().map(|submission| &submission.commit);
        let result = self.transact(commits);
        if result.is_err() && !self.statements.connection.is_autocommit() {
            // What the failed transaction wrote into the log has no commit record, so a failed rollback leaves nothing behind either.
            let _ = self.statements.connection.execute_batch("ROLLBACK");
        }
        result
    }

    fn transact<'a>(&mut self, commits: impl Iterator<Item = &'a Commit>) -> Result<Decided, Failure> {
        self.begin.raw_execute().map_err(|error| failure(&error))?;
        let head = self.shared.head();
        let mut transaction = GroupTransaction {
            statements: &mut self.statements,
            append: &mut self.append,
            set_head: &mut self.set_head,
            slices: &mut self.slices,
            made: Vec::new(),
            trouble: Trouble::None,
        };
        let decided = group::apply(&mut transaction, &head, commits, &mut self.salts);
        let (made, trouble) = (transaction.made, transaction.trouble);
        let ended = match decided {
            Err(_) if trouble == Trouble::Full => Err(Failure::Full),
            Err(fault) => Err(Failure::Fault(fault)),
            Ok(decided) if !decided.has_writes => {
                self.statements.connection.execute_batch("ROLLBACK").map_err(|error| failure(&error)).map(|()| decided)
            }
            Ok(decided) => self.make_durable().map(|()| decided),
        };
        self.keep_slices(made, ended.is_ok());
        ended
    }

    fn make_durable(&mut self) -> Result<(), Failure> {
        let begun_micros = self.shared.uptime_micros();
        self.commit.raw_execute().map_err(|error| failure_of_commit(&error))?;
        self.shared.count_fsync(self.shared.uptime_micros().saturating_sub(begun_micros));
        Ok(())
    }

    /// Tells of the slices that a transaction made, or forgets them with it.
    fn keep_slices(&mut self, made: Vec<(&'static Table, i64)>, is_kept: bool) {
        if made.is_empty() {
            return;
        }
        if is_kept {
            return self.shared.set_slices(&self.slices);
        }
        for (table, slice) in made {
            self.slices.remove(table, slice);
            self.statements.forget(table, slice);
        }
    }

    fn publish(&mut self, submissions: Vec<Submission>, decided: &Decided) {
        if self.shared.lost().is_some() {
            // The checkpointer found the disk out meanwhile.
            return answer_all(submissions, &CommitError::Unknown);
        }
        let (commits, replies) = decided.split(submissions);
        if decided.has_writes {
            let _guard = PanicGuard::new(&self.shared);
            self.shared.publish(&decided.head, commits.len());
            self.notes.iter_mut().for_each(Note::synced);
            let Decided { entries, changes, head, .. } = decided;
            if let Err(fault) = self.shared.subscriber.applied(&Group { commits: &commits, entries, changes, head }) {
                // Durable, but not taken up: without a reply nobody takes it for made, and once the engine is lost nobody looks it up.
                return self.shared.lose(&fault, Vec::new());
            }
            self.count_marks(&commits);
        }
        self.shared.subscriber.answer(replies.into_iter().map(|(reply, answer)| Answer::Committed(reply, answer)).collect());
    }

    fn fail(&mut self, submissions: Vec<Submission>, failure: Failure) {
        let commits = submissions.len();
        match failure {
            Failure::Durability(fault) => {
                tracing::error!(%fault, commits, "a group of commits failed");
                self.shared.lose(&fault, submissions);
            }
            Failure::Fault(fault) => {
                tracing::error!(%fault, commits, "a group of commits failed");
                answer_all(submissions, &CommitError::Fault(fault));
            }
            Failure::Full => answer_all(submissions, &CommitError::Full),
        }
    }

    fn take(&mut self, chore: Chore) {
        match chore {
            Chore::FinishCheckpoint => self.finish_checkpoint(),
            // What is set aside on a full disk is for what takes authority away.
            Chore::Note(note) if self.is_full => note.answer(Err(full())),
            Chore::Note(note) => match note::rows(note.writes()).map(drop) {
                Ok(()) => self.notes.push_back(note),
                Err(fault) => note.answer(Err(fault)),
            },
            Chore::NoteFull => {
                self.reserve.release();
                self.note_full(true);
                self.finish_checkpoint();
            }
            Chore::Purge(now, reply) => {
                self.end_purge(Err(Fault::new(FaultKind::Engine, "another purge began")));
                self.purge = Some(Purge::new(self.shared.schema, &self.slices, now, reply));
            }
            Chore::Wipe(reply) => {
                self.end_wipe(Err(Fault::new(FaultKind::Engine, "another wiping began")));
                self.wipe = Some(Wipe::new(self.shared.schema, &self.slices, reply));
            }
        }
    }

    /// Empties what is left of the log. All of it is then in the database, and the next group starts the log over.
    fn finish_checkpoint(&mut self) {
        if let Err(error) = self.log.finish() {
            if is_full(&error) {
                self.note_full(true);
            } else if checkpointer::is_fatal(&error) {
                self.shared.lose(&lost(&error), Vec::new());
            }
        }
    }

    fn purge_some(&mut self, commits: usize) {
        let Some(purge) = &mut self.purge else { return };
        let before = purge.count();
        let step = purge.step(&mut self.statements, &mut self.slices, commits);
        self.shared.count_removed(purge.count().saturating_sub(before));
        match step {
            Ok(Progress::More) => {}
            Ok(Progress::SliceDropped) => self.shared.set_slices(&self.slices),
            Ok(Progress::Done(count)) => self.end_purge(Ok(count)),
            Err(error) => {
                let fault = self.fault_of_step(&error, "expired rows");
                self.end_purge(Err(fault));
            }
        }
        self.log.watch(1);
    }

    fn wipe_some(&mut self, commits: usize) {
        let Some(wipe) = &mut self.wipe else { return };
        if self.is_full {
            return self.end_wipe(Err(Fault::new(FaultKind::Full, "the disk is full: what was deleted is not written over")));
        }
        let (was_at_log, log) = (wipe.is_at_log(), folder::log_of(&self.shared.database));
        let step = wipe.step(self.statements.connection, (&log, &self.shared.checkpointing), commits);
        if wipe.is_at_log() && !was_at_log {
            // What it copies the writer need not.
            self.log.ring();
        }
        match step {
            Ok(false) => self.log.watch(1),
            Ok(true) => self.end_wipe(Ok(())),
            Err(error) => {
                let fault = self.fault_of_step(&error, "deleted rows");
                self.end_wipe(Err(fault));
            }
        }
    }

    /// What a step that failed says. Nothing of it was committed.
    fn fault_of_step(&mut self, error: &rusqlite::Error, what: &str) -> Fault {
        if !self.statements.connection.is_autocommit() {
            let _ = self.statements.connection.execute_batch("ROLLBACK");
        }
        if !is_io(error) {
            return fault(error, what);
        }
        let fault = lost(error);
        self.shared.lose(&fault, Vec::new());
        fault
    }

    /// One step of what is noted, in a transaction of its own.
    fn note_some(&mut self, commits: usize) {
        let Some(mut note) = self.notes.pop_front() else { return };
        if !note.is_durable()
            && let Some(step) = note.step(commits)
        {
            match self.write_usage(note.writes().get(step.writes.clone()).unwrap_or_default(), step.is_synced) {
                Ok(()) => note.wrote(&step),
                Err(Failure::Full) => return note.answer(Err(full())),
                Err(Failure::Fault(fault)) => return note.answer(Err(fault)),
                Err(Failure::Durability(fault)) => {
                    self.shared.lose(&fault, Vec::new());
                    return note.answer(Err(fault));
                }
            }
            self.log.watch(1);
        }
        if note.is_durable() { note.answer(Ok(())) } else { self.notes.push_front(note) }
    }

    fn write_usage(&mut self, writes: &[Write], is_synced: bool) -> Result<(), Failure> {
        let synchronous = if is_synced { "FULL" } else { "NORMAL" };
        let begin = format!("PRAGMA synchronous = {synchronous}; BEGIN IMMEDIATE");
        self.statements.connection.execute_batch(&begin).map_err(|error| failure(&error))?;
        let mut transaction = GroupTransaction {
            statements: &mut self.statements,
            append: &mut self.append,
            set_head: &mut self.set_head,
            slices: &mut self.slices,
            made: Vec::new(),
            trouble: Trouble::None,
        };
        let put = note::rows(writes).and_then(|rows| {
            rows.into_iter()
                .try_for_each(|(table, row)| transaction.put(table, row, note::VERSION, checksum::of_row(table, row, note::VERSION)))
        });
        let (made, trouble) = (transaction.made, transaction.trouble);
        let ended = match put {
            Err(_) if trouble == Trouble::Full => Err(Failure::Full),
            Err(fault) => Err(Failure::Fault(fault)),
            Ok(()) => self.commit.raw_execute().map_err(|error| failure_of_commit(&error)).map(drop),
        };
        self.keep_slices(made, ended.is_ok());
        if !self.statements.connection.is_autocommit() {
            // Nothing of it was committed.
            let _ = self.statements.connection.execute_batch("ROLLBACK");
        }
        let restored = self.statements.connection.execute_batch("PRAGMA synchronous = FULL");
        ended.and(restored.map_err(|error| failure(&error)))
    }

    fn end_notes(&mut self, fault: &Fault) {
        self.notes.drain(..).for_each(|note| note.answer(Err(fault.clone())));
    }

    fn end_purge(&mut self, result: Result<u64, Fault>) {
        if let Some(purge) = self.purge.take() {
            purge.answer(result);
        }
    }

    fn end_wipe(&mut self, result: Result<(), Fault>) {
        if let Some(wipe) = self.wipe.take() {
            wipe.answer(result);
        }
    }

    fn note_full(&mut self, is_full: bool) {
        if is_full != self.is_full {
            if is_full {
                tracing::warn!("the disk is full: only commits that take authority away are made, and some marks are set");
            } else {
                tracing::info!("the disk has room again: every commit is made");
            }
            self.marks_left = self.reserve.marks();
        }
        self.is_full = is_full;
        self.shared.is_full.store(is_full, Ordering::Relaxed);
    }
}

fn full() -> Fault {
    Fault::new(FaultKind::Full, "the disk is full: usage is not kept")
}

fn failure(error: &rusqlite::Error) -> Failure {
    if is_full(error) { Failure::Full } else { Failure::Fault(fault(error, "ledger_head")) }
}

/// A failed write or fsync at the commit leaves it open what the disk holds. It is not tried again: after a failed fsync the next one
/// may succeed without the pages that the first one lost.
fn failure_of_commit(error: &rusqlite::Error) -> Failure {
    if is_io(error) { Failure::Durability(lost(error)) } else { failure(error) }
}

fn lost(error: &rusqlite::Error) -> Fault {
    Fault::new(FaultKind::Durability, format!("the disk failed: {error}: what it holds is known only after a restart"))
}
