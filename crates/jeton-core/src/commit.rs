//! One change of authority: what it stands on, what it writes, what it tells.

use crate::event::Event;
use crate::id::CommitId;
use crate::moment::{Moment, Time};
use crate::record::{Class, Key, Row, Table};

/// A number in the ledger: the first entry has 0.
pub type Sequence = u64;

/// What one decision wants written: all of it in one transaction, or nothing.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Finds the commit again when its answer was lost.
    pub id: CommitId,
    /// When it was decided.
    pub time: Time,
    /// What must still be true.
    pub premises: Vec<Premise>,
    /// The rows it puts and deletes.
    pub writes: Vec<Write>,
    /// The one-time marks it sets; one that is set already refuses the commit.
    pub marks: Vec<Mark>,
    /// What it tells; each becomes an entry of the ledger.
    pub events: Vec<Event>,
    /// The earlier entries whose salt and payload go: they told of somebody who is to be forgotten.
    pub erases: Vec<Told>,
    /// Whether it spends something that its rows remember, and tells nothing of it: a restore to an earlier time spends it again.
    pub spends: bool,
}

/// An entry that was told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub sequence: Sequence,
    /// Its time.
    pub time: Time,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(moment: &mut Moment) -> Commit {
        Commit {
            id: CommitId::draw(moment),
            time: moment.now,
            premises: vec![],
            writes: vec![],
            marks: vec![],
            events: vec![],
            erases: vec![],
            spends: false,
        }
    }

    /// With a row put: inserted, or replaced where its key exists.
    #[must_use]
    pub fn put(mut self, table: &'static Table, row: Row) -> Commit {
        self.writes.push(Write::Put { table, row });
        self
    }

    /// With a row deleted, if it exists.
    #[must_use]
    pub fn delete(mut self, table: &'static Table, key: Key) -> Commit {
        self.writes.push(Write::Delete { table, key });
        self
    }

    /// With an event told.
    #[must_use]
    pub fn tell(mut self, event: Event) -> Commit {
        self.events.push(event);
        self
    }

    /// The same, which spends something that its rows remember.
    #[must_use]
    pub fn spending(mut self) -> Commit {
        self.spends = true;
        self
    }

    /// With all that another commit of the same moment wants: both are made, or neither.
    #[must_use]
    pub fn with(mut self, other: Commit) -> Commit {
        let Commit { id: _, time: _, premises, writes, marks, events, erases, spends } = other;
        self.premises.extend(premises);
        self.writes.extend(writes);
        self.marks.extend(marks);
        self.events.extend(events);
        self.erases.extend(erases);
        self.spends |= spends;
        self
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.marks.is_empty() && self.events.is_empty() && self.erases.is_empty()
    }

    /// Whether it takes authority away and gives none: such commits go first, and also on a full disk.
    #[must_use]
    pub fn is_narrowing(&self) -> bool {
        self.events.iter().any(Event::is_narrowing) && !self.events.iter().any(Event::is_granting)
    }

    /// Whether it may give authority: it writes something and does not only take away. Spending a mark gives nothing.
    #[must_use]
    pub fn grants(&self) -> bool {
        !(self.is_narrowing() || (self.events.is_empty() && self.writes.is_empty()))
    }

    /// Whether it is made also on a full disk: it takes authority away, or keeps books that verifiers wait for and tells nothing.
    #[must_use]
    pub fn is_made_when_full(&self) -> bool {
        let keeps_books = |write: &Write| matches!(write, Write::Put { table, .. } if matches!(table.class, Class::Authority));
        self.is_narrowing() || (self.events.is_empty() && self.marks.is_empty() && self.writes.iter().all(keeps_books))
    }

    /// Whether it sets marks and does nothing else: the proof of who asks is spent. Made on a full disk as long as the engine has room for
    /// marks there: who proves itself so could neither check nor revoke otherwise.
    #[must_use]
    pub fn only_marks(&self) -> bool {
        self.events.is_empty() && self.writes.is_empty() && !self.marks.is_empty()
    }
}

/// Something that was read and must not have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Premise {
    /// This row has this version, or does not exist.
    Row {
        /// Its table.
        table: &'static Table,
        /// Its key.
        key: Key,
        /// Its version; `None` says it does not exist.
        version: Option<Sequence>,
    },
    /// These are all rows under this prefix of this index, at most [`Premise::RANGE_ROWS_MAX`].
    Range {
        /// The table.
        table: &'static Table,
        /// The index, by its position among the table's.
        index: usize,
        /// The values of the index's leading columns.
        prefix: Key,
        /// Key and version of each row, in the index's order.
        rows: Vec<(Key, Sequence)>,
    },
}

impl Premise {
    /// The most rows a range premise may name.
    pub const RANGE_ROWS_MAX: usize = 64;
}

/// One row's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Insert or replace. A row of a credential table is issued: it may not exist yet.
    Put {
        /// The table.
        table: &'static Table,
        /// The whole row.
        row: Row,
    },
    /// Delete, if it exists. Only authority's rows are deleted one by one.
    Delete {
        /// The table.
        table: &'static Table,
        /// The key.
        key: Key,
    },
}

/// Something that may happen once: a code spent, a `jti` seen. Not on the ledger; forgotten after `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What kind of thing, so that kinds cannot collide.
    pub kind: MarkKind,
    /// A digest of what may happen once.
    pub key: [u8; 32],
    /// When it may be forgotten.
    pub until: Time,
}

/// The kinds of one-time marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The `jti` of a client assertion (RFC 7523 section 3).
    ClientAssertion,
    /// An authorization request that was handed in (RFC 9126).
    PushedRequest,
    /// What a passkey signed (WebAuthn).
    PasskeyChallenge,
}

impl MarkKind {
    /// Its number in the store; never reused.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            MarkKind::ClientAssertion => 1,
            MarkKind::PushedRequest => 5,
            MarkKind::PasskeyChallenge => 6,
        }
    }
}
