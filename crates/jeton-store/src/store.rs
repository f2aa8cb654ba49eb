//! The port: what Jeton asks of an engine. Engines know tables, not tokens.

use std::fmt;
use std::sync::Arc;

use jeton_core::commit::{Commit, Sequence, Write};
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::{Key, Row, Table, Versioned};
use tokio::sync::oneshot;

use crate::find::Find;
use crate::ledger::{Entry, Head};
use crate::tally::Tallied;

/// An engine. One process writes to one store.
pub trait Store: Send + Sync + 'static {
    /// One read transaction.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn view(&self) -> Result<Box<dyn View + '_>, Fault>;

    /// Hands over commits, all that one turn of the reactor gathered. Does not wait: each answer comes through its submission, never
    /// before the commit is durable and the [`Subscriber`] has heard of it.
    fn submit(&self, batch: Vec<Submission>);

    /// Hands over look-ups by key, answered by a reader beside the reactor.
    fn fetch(&self, batch: Vec<Fetch>);

    /// Writes rows of usage, each put or replaced, outside the ledger. Does not wait, and no group waits for it: the answer comes once the
    /// rows are durable. On a full disk it is refused with [`FaultKind::Full`]. What a process that ends had not answered may be there in
    /// part, the first writes before the last, and those that go together all or none. Of these none is there after a refusal.
    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>);

    /// The first sequence of a commit, if it happened: how an answer of [`CommitError::Unknown`] is resolved.
    ///
    /// # Errors
    /// When the engine cannot read, or is lost.
    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault>;

    /// Up to `limit` entries from sequence `from` on.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault>;

    /// The head as of the last durable group; read from memory.
    fn head(&self) -> Arc<Head>;

    /// Drops the slices of which nothing is of use at `now`; how many rows went.
    ///
    /// # Errors
    /// When the engine cannot write.
    fn drop_expired(&self, now: Time) -> Result<u64, Fault>;

    /// Writes over what was deleted or replaced before, wherever the engine's files have a copy of it; waits until nothing of it is left. What
    /// names nobody but by random ids (tokens, marks, what is counted) stays as it lies.
    ///
    /// # Errors
    /// When the engine cannot write; it may be asked again.
    fn wipe_deleted(&self) -> Result<(), Fault>;

    /// What the engine can say of its queue and groups.
    fn statistics(&self) -> Statistics;
}

/// One read transaction: everything read through it is of one moment.
pub trait View {
    /// How many entries the ledger had.
    fn as_of(&self) -> Sequence;

    /// The row of a key.
    ///
    /// # Errors
    /// When the engine cannot read, or the row is damaged.
    fn get(&self, table: &'static Table, key: &Key) -> Result<Option<Versioned<Row>>, Fault>;

    /// Rows under a prefix of an index, in its order, after `after` (a primary key of that range), at most `limit`.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    fn range(
        &self,
        table: &'static Table,
        index: usize,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, Fault>;

    /// Rows in an order, from a place on, from either end. Makes no premise.
    ///
    /// # Errors
    /// When the table has no such order, the engine cannot read, or a row is damaged.
    fn find(&self, find: &Find<'_>) -> Result<Vec<Versioned<Row>>, Fault>;

    /// Rows whose key begins with these values, slice by slice in the order of their keys, at most `limit`. Makes no premise.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    fn starting_with(&self, table: &'static Table, prefix: &Key, limit: usize) -> Result<Vec<Versioned<Row>>, Fault>;

    /// Rows of a table in the order of its slices and keys, those behind a row that was read before, at most `limit`: whoever reads all of a
    /// table in many short transactions goes on where the last one ended. Rows that come or go meanwhile may be there or not. With `above`,
    /// of each slice only the rows whose key lies above it: of keys in the order of time, what came since.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    fn walk(&self, table: &'static Table, above: Option<&Key>, after: Option<&Row>, limit: usize) -> Result<Vec<Versioned<Row>>, Fault>;

    /// Every row of a table, slice by slice in the order of their keys; `each` is lent one after the other and says whether to go on.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault>;
}

/// Rows of usage on their way to the engine.
#[derive(Debug, Default)]
pub struct Noted {
    /// Each put or replaced, in this order.
    pub writes: Vec<Write>,
    /// How many of the last ones go in one transaction. Groups wait for all of it: it is to be small.
    pub together: usize,
}

impl From<Vec<Write>> for Noted {
    fn from(writes: Vec<Write>) -> Noted {
        Noted { writes, together: 0 }
    }
}

/// A commit on its way to the engine.
pub struct Submission {
    /// The commit. Shared, so that it can be decided on again.
    pub commit: Commit,
    /// Whose turn it takes: the queue is fair between owners. Empty for Jeton itself.
    pub owner: Arc<str>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Sequence, CommitError>>,
}

/// A look-up on its way to the engine.
pub struct Fetch {
    /// The table.
    pub table: &'static Table,
    /// The key.
    pub key: Key,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Option<Versioned<Row>>, Fault>>,
}

/// An answer of the engine on its way to who waits for it.
pub enum Answer {
    /// What became of a commit.
    Committed(oneshot::Sender<Result<Sequence, CommitError>>, Result<Sequence, CommitError>),
    /// What a look-up found.
    Found(oneshot::Sender<Result<Option<Versioned<Row>>, Fault>>, Result<Option<Versioned<Row>>, Fault>),
}

impl Answer {
    /// Tells who waits. They may have gone.
    pub fn tell(self) {
        match self {
            Answer::Committed(reply, answer) => drop(reply.send(answer)),
            Answer::Found(reply, answer) => drop(reply.send(answer)),
        }
    }
}

/// Who hears of every group, in order, after it is durable and before its commits are answered.
pub trait Subscriber: Send + Sync + 'static {
    /// A group became durable.
    ///
    /// # Errors
    /// When it could not be taken up: the engine is lost then, and nobody is told that a commit of the group was made.
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault>;

    /// Tells the answers of one turn of the engine. A subscriber with a reactor hands them over in one piece: waking each request from another
    /// thread costs a system call.
    fn answer(&self, answers: Vec<Answer>) {
        answers.into_iter().for_each(Answer::tell);
    }

    /// The engine lost its footing (a failed fsync, a thread that panicked, a group that could not be taken up): nothing is acknowledged or
    /// looked up any more, and the process must end. Whoever waited was told before.
    fn lost(&self, fault: &Fault);
}

/// What became durable together.
pub struct Group<'a> {
    /// The commits in their order, each with its first sequence.
    pub commits: &'a [(Sequence, Commit)],
    /// The entries in their order.
    pub entries: &'a [Entry],
    /// What the commits did to the rows of authority and to the negatives, in their order: lines as a backup has them.
    pub changes: &'a [Arc<str>],
    /// The head after them.
    pub head: &'a Arc<Head>,
}

/// Why a commit was not made, or is not known to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// A premise no longer holds: load and decide again.
    Stale,
    /// A unique name or a mark exists.
    Taken(Taken),
    /// The queue is full: come back in a moment.
    Busy,
    /// The disk is full: only commits that take authority away are made, and marks alone as long as there is room for them.
    Full,
    /// The engine failed and nothing was written.
    Fault(Fault),
    /// The answer was lost: look the commit up.
    Unknown,
    /// It was made and holds here; the backup target, which must have it before it is answered, did not take it in time.
    Unshipped,
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> CommitError {
        CommitError::Fault(fault)
    }
}

/// What exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A row with that value in a unique index, or an issued row with that key.
    Name(&'static str),
    /// A mark.
    Mark,
}

/// An engine's failure, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure.
    pub kind: FaultKind,
    /// What the engine says.
    pub detail: String,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Reading or writing failed.
    Engine,
    /// A row or page is not what was written.
    Damaged,
    /// An fsync failed: what is on the disk is not known.
    Durability,
    /// The engine is shutting down.
    Closed,
    /// The disk is full.
    Full,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Fault {
        Fault { kind, detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Fault {}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Groups made durable: each is one fsync.
    pub groups: u64,
    /// Commits in them.
    pub commits: u64,
    /// Commits that wait now.
    pub waiting: u64,
    /// How many commits a group had.
    pub group_sizes: Tallied<GROUP_SIZES>,
    /// How long a group took from its COMMIT until it was durable, in microseconds. Of an engine without a clock, or a disk, nothing.
    pub fsync_micros: Tallied<FSYNC_TIMES>,
    /// How long commits waited for their group, all together, in microseconds.
    pub waited_micros: u64,
    /// Whether the disk is full.
    pub is_full: bool,
    /// Rows that left because nothing of them was of use any more.
    pub expired_rows_removed: u64,
}

/// Up to 1, 2, 4 … 256 commits, and more.
pub const GROUP_SIZES: usize = 10;

/// Up to 64 µs, 128 µs … 1.05 s, and more.
pub const FSYNC_TIMES: usize = 16;

/// The first of them, in microseconds.
pub const FSYNC_FIRST_MICROS: u64 = 64;
