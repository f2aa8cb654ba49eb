//! The write-ahead log kept short: a thread copies it into the database while groups go on; the writer copies the few pages that came
//! on top, and the log starts over at its beginning, where its space is already paid for.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, Statement};

use crate::connection::{self, Purpose};
use crate::fault::{is_fsync, is_full, is_io};
use crate::shared::{Chore, Shared};
use jeton_store::store::{Fault, FaultKind};

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// What the writer knows of the log.
pub(crate) struct LogState<'c> {
    measure: Statement<'c>,
    passive: Statement<'c>,
    checkpointer: SyncSender<()>,
    /// Pages in the log from which on it is emptied.
    bound_pages: i64,
    /// Pages at which it is tried again: more than the bound while a reader holds the log.
    next_pages: i64,
    weight: usize,
}

/// Groups between two looks at the log.
const LOOK_EVERY: usize = 8;

impl<'c> LogState<'c> {
    pub(crate) fn new(connection: &'c Connection, checkpointer: SyncSender<()>, bound_pages: i64) -> rusqlite::Result<LogState<'c>> {
        Ok(LogState {
            measure: connection.prepare("PRAGMA wal_checkpoint(NOOP)")?,
            passive: connection.prepare(PASSIVE)?,
            checkpointer,
            bound_pages,
            next_pages: bound_pages,
            weight: 0,
        })
    }

    /// Looks at the log from time to time and wakes the checkpointer when it has grown.
    pub(crate) fn watch(&mut self, weight: usize) {
        self.weight += weight;
        if self.weight < LOOK_EVERY {
            return;
        }
        self.weight = 0;
        let Ok((pages, _)) = run(&mut self.measure) else { return };
        if pages < self.bound_pages {
            self.next_pages = self.bound_pages;
        } else if pages >= self.next_pages {
            self.next_pages = pages + self.bound_pages / 8;
            self.ring();
        }
    }

    /// Wakes the checkpointer, whatever the log has grown to. A full channel says that it is at work already.
    pub(crate) fn ring(&self) {
        let _ = self.checkpointer.try_send(());
    }

    /// Copies what is left.
    pub(crate) fn finish(&mut self) -> rusqlite::Result<()> {
        run(&mut self.passive).map(drop)
    }
}

/// Whether the failure of a checkpoint leaves it open what the database file holds.
pub(crate) fn is_fatal(error: &rusqlite::Error) -> bool {
    is_fsync(error) || is_io(error)
}

/// Runs the checkpointer until the writer ends.
pub(crate) fn serve(shared: &Arc<Shared>, rung: &Receiver<()>) {
    let connection = match connection::open(&shared.database, Purpose::Checkpoint, 256) {
        Ok(connection) => connection,
        Err(error) => return tracing::error!(%error, "no checkpoints: the write-ahead log will grow"),
    };
    while rung.recv().is_ok() {
        let copied = {
            let _held = shared.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
            connection.prepare(PASSIVE).and_then(|mut passive| {
                run(&mut passive)?;
                // What came while the first pass waited for the disk.
                run(&mut passive)
            })
        };
        match copied {
            Ok((pages, done)) if done > 0 && pages - done <= pages / 2 => drop(shared.ask(Chore::FinishCheckpoint)),
            Ok(_) => {}
            Err(error) if is_full(&error) => drop(shared.ask(Chore::NoteFull)),
            Err(error) if is_fatal(&error) => {
                shared.lose(&Fault::new(FaultKind::Durability, format!("a checkpoint failed: {error}")), Vec::new());
            }
            Err(error) => tracing::warn!(%error, "a checkpoint failed"),
        }
    }
}

/// Runs a checkpoint: pages in the log, and how many of them are in the database.
fn run(statement: &mut Statement<'_>) -> rusqlite::Result<(i64, i64)> {
    statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
