//! The writer thread: group commit, and what is done between groups.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

use jeton_core::commit::{Commit, Sequence};
use jeton_store::group::{self, Decided, Salts};
use jeton_store::store::{Answer, CommitError, Fault, FaultKind, Group, Submission};
use rusqlite::{Connection, Statement};

use crate::checkpointer::{self, LogState};
use crate::fault::{fault, is_full, is_io};
use crate::ledger;
use crate::panic_guard::PanicGuard;
use crate::purge::{Progress, Purge};
use crate::reserve::Reserve;
use crate::shared::{Chore, Shared, answer_all, closed};
use crate::slices::Slices;
use crate::statements::Statements;
use crate::transaction::{GroupTransaction, Trouble};

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
        log: LogState::new(connection, checkpointer, log_pages)?,
        shared,
    };
    writer.note_full(writer.is_full);
    while let Some(turn) = writer.shared.next(writer.purge.as_ref().map(|_| Purge::REST)) {
        if let Some(fault) = writer.shared.lost() {
            answer_all(turn.group, &CommitError::Fault(fault.clone()));
            writer.end_purge(Err(fault.clone()));
            if writer.shared.is_closing() {
                break;
            }
            continue;
        }
        turn.chores.into_iter().for_each(|chore| writer.take(chore));
        let commits = turn.group.len();
        if commits > 0 {
            writer.group(turn.group);
        }
        writer.purge_some(commits);
    }
    writer.end_purge(Err(closed()));
    Ok(())
}

impl Writer<'_> {
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
                Err(Failure::Full) if attempt == 0 => self.finish_checkpoint(),
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
        match &ended {
            Ok(_) if !made.is_empty() => self.shared.set_slices(&self.slices),
            Ok(_) => {}
            Err(_) => made.into_iter().for_each(|(table, slice)| {
                self.slices.remove(table, slice);
                self.statements.forget(table, slice);
            }),
        }
        ended
    }

    fn make_durable(&mut self) -> Result<(), Failure> {
        let begun_micros = self.shared.uptime_micros();
        self.commit.raw_execute().map_err(|error| failure_of_commit(&error))?;
        self.shared.count_fsync(self.shared.uptime_micros().saturating_sub(begun_micros));
        Ok(())
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
            if let Err(fault) = self.shared.subscriber.applied(&Group { commits: &commits, entries: &decided.entries, head: &decided.head })
            {
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
            Chore::NoteFull => {
                self.reserve.release();
                self.note_full(true);
                self.finish_checkpoint();
            }
            Chore::Purge(now, reply) => {
                self.end_purge(Err(Fault::new(FaultKind::Engine, "another purge began")));
                self.purge = Some(Purge::new(self.shared.schema, &self.slices, now, reply));
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
                if !self.statements.connection.is_autocommit() {
                    // Nothing of it was committed.
                    let _ = self.statements.connection.execute_batch("ROLLBACK");
                }
                let failure = if is_io(&error) { Some(lost(&error)) } else { None };
                failure.iter().for_each(|fault| self.shared.lose(fault, Vec::new()));
                self.end_purge(Err(failure.unwrap_or_else(|| fault(&error, "expired rows"))));
            }
        }
        self.log.watch(1);
    }

    fn end_purge(&mut self, result: Result<u64, Fault>) {
        if let Some(purge) = self.purge.take() {
            purge.answer(result);
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
