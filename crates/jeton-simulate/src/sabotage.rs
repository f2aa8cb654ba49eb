//! A store and a subscriber with a planted bug, between the service and the real store.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::commit::{Commit, Sequence};
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::{Key, Row, Table, Versioned};
use jeton_core::token::negative;
use jeton_store::find::Find;
use jeton_store::ledger::{Entry, Head};
use jeton_store::store::{Fault, Fetch, Group, Noted, Statistics, Store, Submission, Subscriber, View};
use tokio::sync::oneshot;

use crate::breakage::Breakage;

/// How far ahead of the time the purging bug believes it to be, in seconds.
const AHEAD_SECONDS: i64 = 40 * 86_400;

/// A store that misbehaves.
pub(crate) struct Saboteur {
    /// The store that does not.
    pub(crate) store: Arc<dyn Store>,
    /// How it misbehaves.
    pub(crate) breakage: Breakage,
}

impl Saboteur {
    fn spoil(&self, submission: &mut Submission) {
        match self.breakage {
            Breakage::AnswersEarly => {
                let reply = mem::replace(&mut submission.reply, oneshot::channel().0);
                // Whoever waited may have gone.
                let _ = reply.send(Ok(self.store.head().size));
            }
            // The last byte of a commit's id is as good as dice, and the same when the run is repeated.
            Breakage::WritesHalf if submission.commit.id.0.last().is_some_and(|byte| *byte < 40) => {
                submission.commit.writes.pop();
            }
            _ => {}
        }
    }
}

impl Store for Saboteur {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        let view = self.store.view()?;
        Ok(if self.breakage == Breakage::ForgetsNegatives { Box::new(Forgetful(view)) } else { view })
    }

    fn submit(&self, mut batch: Vec<Submission>) {
        batch.iter_mut().for_each(|submission| self.spoil(submission));
        self.store.submit(batch);
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.store.fetch(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        self.store.note(noted, reply);
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        self.store.look_up(commit)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        self.store.tail(from, limit)
    }

    fn head(&self) -> Arc<Head> {
        self.store.head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        let ahead = if self.breakage == Breakage::PurgesEarly { AHEAD_SECONDS } else { 0 };
        self.store.drop_expired(now.plus_seconds(ahead))
    }

    fn wipe_deleted(&self) -> Result<(), Fault> {
        self.store.wipe_deleted()
    }

    fn statistics(&self) -> Statistics {
        self.store.statistics()
    }
}

/// A view that does not show negatives.
struct Forgetful<'a>(Box<dyn View + 'a>);

impl View for Forgetful<'_> {
    fn as_of(&self) -> Sequence {
        self.0.as_of()
    }

    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault> {
        self.0.get(table, key)
    }

    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.range(table, index, prefix, after, limit)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.find(find)
    }

    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.starting_with(table, prefix, limit)
    }

    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault> {
        self.0.walk(table, above, after, limit)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        if std::ptr::eq(table, &negative::TABLE) { Ok(()) } else { self.0.scan(table, each) }
    }
}

/// A subscriber that hears of each group only when the next one comes.
pub(crate) struct Tardy {
    /// The subscriber that would hear at once.
    pub(crate) subscriber: Arc<dyn Subscriber>,
    held: Mutex<Option<Held>>,
}

struct Held {
    commits: Vec<(Sequence, Commit)>,
    entries: Vec<Entry>,
    changes: Vec<Arc<str>>,
    head: Arc<Head>,
}

impl Tardy {
    /// A tardy way to this subscriber.
    #[must_use]
    pub(crate) fn new(subscriber: Arc<dyn Subscriber>) -> Tardy {
        Tardy { subscriber, held: Mutex::default() }
    }
}

impl Subscriber for Tardy {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        let held = Held {
            commits: group.commits.to_vec(),
            entries: group.entries.to_vec(),
            changes: group.changes.to_vec(),
            head: group.head.clone(),
        };
        let before = self.held.lock().unwrap_or_else(PoisonError::into_inner).replace(held);
        before.map_or(Ok(()), |before| {
            let Held { commits, entries, changes, head } = &before;
            self.subscriber.applied(&Group { commits, entries, changes, head })
        })
    }

    fn lost(&self, fault: &Fault) {
        self.subscriber.lost(fault);
    }
}
