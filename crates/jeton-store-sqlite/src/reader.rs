//! The look-up thread: reads by key beside the reactor, on a connection of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use jeton_store::store::{Answer, Fetch};
use rusqlite::Connection;

use crate::read;
use crate::shared::{Shared, closed};
use crate::statements::Statements;

/// Look-ups that wait.
#[derive(Default)]
pub(crate) struct LookUps {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    fetches: VecDeque<Fetch>,
    is_asleep: bool,
    is_closing: bool,
}

impl LookUps {
    /// Lets look-ups wait for the thread.
    pub(crate) fn push(&self, batch: Vec<Fetch>) {
        let mut waiting = self.lock();
        if waiting.is_closing {
            drop(waiting);
            return refuse(batch);
        }
        waiting.fetches.extend(batch);
        self.ring(waiting);
    }

    /// Tells the thread to answer what waits and end.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closing = true;
        self.ring(waiting);
    }

    fn next(&self) -> Option<VecDeque<Fetch>> {
        let mut waiting = self.lock();
        while waiting.fetches.is_empty() {
            if waiting.is_closing {
                return None;
            }
            waiting.is_asleep = true;
            waiting = self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.is_asleep = false;
        }
        Some(std::mem::take(&mut waiting.fetches))
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

/// The end of the look-up thread, which may be a panic: nobody waits for it any more.
struct Ended<'l>(&'l LookUps);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let fetches = {
            let mut waiting = self.0.lock();
            waiting.is_closing = true;
            std::mem::take(&mut waiting.fetches)
        };
        refuse(fetches);
    }
}

fn refuse(fetches: impl IntoIterator<Item = Fetch>) {
    for fetch in fetches {
        // Whoever waited may have gone.
        let _ = fetch.reply.send(Err(closed()));
    }
}

/// Statements kept before all are made anew: slices come and go, and nobody says here which.
const STATEMENTS_MAX: usize = 256;

/// Runs the look-up thread until the engine closes.
pub(crate) fn serve(shared: &Arc<Shared>, connection: &Connection, look_ups: &LookUps) {
    let _ended = Ended(look_ups);
    let mut statements = Statements::new(connection);
    while let Some(batch) = look_ups.next() {
        if statements.len() > STATEMENTS_MAX {
            statements = Statements::new(connection);
        }
        let slices = shared.slices();
        // One read transaction for the batch; without it each look-up opens its own, which costs more than the look-up.
        let began = connection.execute_batch("BEGIN").is_ok();
        let mut answers = Vec::with_capacity(batch.len());
        for fetch in batch {
            let found = read::get(&mut statements, &slices, fetch.table, &fetch.key);
            answers.push(Answer::Found(fetch.reply, found));
        }
        if began {
            // A read transaction has nothing to lose.
            let _ = connection.execute_batch("COMMIT");
        }
        shared.subscriber.answer(answers);
    }
}
