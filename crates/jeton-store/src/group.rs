//! What every engine does with a group: checks each commit after the ones before it, applies it, numbers it, and closes the group with
//! its entries and the new head. Engines differ in where rows lie, and in nothing else.

mod check;
mod issue;
mod transaction;
mod versions;

pub use transaction::Transaction;

use std::sync::Arc;

use jeton_core::commit::{Commit, Mark, Sequence, Write};
use jeton_core::event::{Encoded, Event, Unwritable};
use jeton_core::id::CommitId;
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Class, Row, Table, Value};
use jeton_core::schema::{CHANGE, CHANGE_KEPT_SECONDS, CHANGE_SPAN, CONTENT, CONTENT_KEPT_SECONDS, MARK};
use tokio::sync::oneshot;

use crate::checksum;
use crate::ledger::{Entry, Head};
use crate::line::{Change, RowLine};
use crate::row::key_of;
use crate::store::{CommitError, Fault, FaultKind, Submission, Taken};

use check::{Checks, Obstacle};
use issue::{Issue, Issues};
use versions::Versions;

/// Random bytes for salts and incarnations, from a seed of the process's edge.
pub struct Salts(Moment);

impl Salts {
    /// The stream of a seed, which must not have been used before: a salt hides what its entry's commitment covers.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Salts {
        Salts(Moment::new(Time::EPOCH, seed))
    }

    /// The next sixteen bytes.
    pub fn draw(&mut self) -> [u8; 16] {
        self.0.draw()
    }
}

/// What became of a group.
#[derive(Debug)]
pub struct Decided {
    /// An answer for each commit, in order.
    pub answers: Vec<Result<Sequence, CommitError>>,
    /// The entries to tell.
    pub entries: Vec<Entry>,
    /// What was changed, for whoever ships it.
    pub changes: Vec<Arc<str>>,
    /// The head after them.
    pub head: Arc<Head>,
    /// Whether anything was written: otherwise there is nothing to make durable.
    pub has_writes: bool,
}

impl Decided {
    /// The commits that were made, each with its first sequence, and whom to answer what.
    pub fn split(&self, submissions: Vec<Submission>) -> (Vec<(Sequence, Commit)>, Vec<Reply>) {
        let mut commits = Vec::with_capacity(submissions.len());
        let mut replies = Vec::with_capacity(submissions.len());
        for (submission, answer) in submissions.into_iter().zip(&self.answers) {
            replies.push((submission.reply, answer.clone()));
            if let Ok(sequence) = answer {
                commits.push((*sequence, submission.commit));
            }
        }
        (commits, replies)
    }
}

/// Whom to answer what.
pub type Reply = (oneshot::Sender<Result<Sequence, CommitError>>, Result<Sequence, CommitError>);

/// Applies commits in order within a transaction of the engine.
///
/// A commit that is refused leaves no trace. A commit with events takes as many sequences as it has events; rows of credential tables
/// belong to the one `credentials.issued` entry of their table and group, and a commit that has nothing else is answered with that
/// entry's sequence; any other commit (marks, bookkeeping) takes none and is answered with the size of the ledger at its turn. The
/// version of a row is its commit's sequence; where a commit without events puts a row again, it is still raised by one, so that a
/// premise sees the change.
///
/// # Errors
/// The fault of a write or of the engine: nothing of the group may be kept then.
pub fn apply<'a>(
    transaction: &mut dyn Transaction,
    head: &Head,
    commits: impl Iterator<Item = &'a Commit>,
    salts: &mut Salts,
) -> Result<Decided, Fault> {
    let mut group = Group {
        transaction,
        versions: Versions::default(),
        next: head.size,
        time: head.time,
        told: Vec::new(),
        changes: Vec::new(),
        issues: Issues::default(),
        opens_incarnation: false,
        has_writes: false,
    };
    let answers = commits.map(|commit| group.decide(commit)).collect::<Result<Vec<_>, _>>()?;
    let has_writes = group.has_writes;
    let changes = group.keep_changes()?;
    let (entries, head) = group.close(head, salts)?;
    Ok(Decided { answers, entries, changes, head: Arc::new(head), has_writes })
}

struct Group<'t> {
    transaction: &'t mut dyn Transaction,
    versions: Versions,
    next: Sequence,
    time: Time,
    told: Vec<(Sequence, Time, CommitId, Encoded)>,
    changes: Vec<Changed>,
    issues: Issues,
    opens_incarnation: bool,
    has_writes: bool,
}

/// What one commit changed, as a line.
struct Changed {
    sequence: Sequence,
    time: Time,
    line: Arc<str>,
}

/// How a commit is numbered.
struct Numbers {
    /// Its first sequence: what it is answered, and the version of its rows.
    first: Sequence,
    /// The next commit's.
    next: Sequence,
    time: Time,
}

impl Group<'_> {
    fn decide(&mut self, commit: &Commit) -> Result<Result<Sequence, CommitError>, Fault> {
        let mut checks = Checks { transaction: self.transaction, versions: &mut self.versions };
        match checks.check(commit) {
            // Before anything is written: a commit that cannot be told is refused, and its neighbours go on.
            Ok(()) => match commit.events.iter().map(Event::encode).collect::<Result<Vec<_>, Unwritable>>() {
                Ok(events) => self.apply(commit, events),
                Err(unwritable) => Ok(Err(CommitError::Fault(untold(unwritable)))),
            },
            Err(Obstacle::Refused(refused)) => Ok(Err(refused)),
            Err(Obstacle::Engine(fault)) => Err(fault),
        }
    }

    fn apply(&mut self, commit: &Commit, events: Vec<Encoded>) -> Result<Result<Sequence, CommitError>, Fault> {
        let open = self.issues.open();
        let numbers = self.number(commit);
        if let Some(taken) = self.issue(commit)? {
            self.issues.reopen(open);
            return Ok(Err(CommitError::Taken(taken)));
        }
        let change = if forgets(commit) { self.write_over(commit, numbers.first) } else { self.write(commit, numbers.first) }?;
        if !change.is_empty() {
            if commit.events.is_empty() {
                self.issues.note_change(change.sequence);
            }
            let line = change.to_line().map_err(|error| Fault::new(FaultKind::Engine, error.to_string()))?;
            self.changes.push(Changed { sequence: change.sequence, time: numbers.time, line: line.into() });
        }
        for (sequence, event) in (self.next..).zip(events) {
            self.told.push((sequence, numbers.time, commit.id, event));
        }
        self.opens_incarnation |= opens_incarnation(commit);
        (self.next, self.time) = (numbers.next, numbers.time);
        self.has_writes |= !commit.is_empty();
        Ok(Ok(numbers.first))
    }

    /// Numbers the commit's events, then the entries of its credentials' tables, where the group has none yet.
    fn number(&mut self, commit: &Commit) -> Numbers {
        // A new incarnation begins at its own time: the old one's clock was wrong.
        let time = if opens_incarnation(commit) { commit.time } else { self.time.max(commit.time) };
        let mut next = self.next + commit.events.len() as u64;
        let mut first = if commit.events.is_empty() { None } else { Some(self.next) };
        for (table, _) in credentials(commit) {
            let sequence = self.issues.sequence(table).unwrap_or_else(|| {
                self.issues.reserve(table, next, time, commit.id);
                next += 1;
                next - 1
            });
            first.get_or_insert(sequence);
        }
        // A row that joins an entry of the group moves the time too: the head is not before anything that was issued.
        let tells = next > self.next || credentials(commit).next().is_some();
        let time = if tells { time } else { self.time };
        Numbers { first: first.unwrap_or(next), next, time }
    }

    /// Inserts the commit's credentials; says what is taken, and did nothing, when the first exists. The others were looked up before.
    fn issue(&mut self, commit: &Commit) -> Result<Option<Taken>, Fault> {
        for (place, (table, row)) in credentials(commit).enumerate() {
            let issue = Issue::new(table, row);
            let sequence = self.issues.sequence(table).unwrap_or(self.next);
            if !self.transaction.issue(table, row, sequence, checksum::of_leaf(&issue.leaf, sequence))? {
                return if place == 0 { Ok(Some(Taken::Name(table.name))) } else { Err(checksum::damaged(table.name)) };
            }
            self.issues.add(table, issue);
        }
        Ok(None)
    }

    /// The same; what it deletes is overwritten.
    fn write_over(&mut self, commit: &Commit, version: Sequence) -> Result<Change, Fault> {
        self.transaction.overwrite(true)?;
        let written = self.write(commit, version);
        self.transaction.overwrite(false)?;
        written
    }

    /// Writes the rows of authority and the negatives; what that changed.
    fn write(&mut self, commit: &Commit, version: Sequence) -> Result<Change, Fault> {
        let takes = commit.spends || commit.events.iter().any(Event::takes);
        let mut change = Change { sequence: version, takes, ..Change::default() };
        // What no entry tells of is bookkeeping of this store. What was issued is told, and with it what authority became of it.
        let (is_told, issues) = (!commit.events.is_empty(), credentials(commit).next().is_some());
        let mut note = |table: &'static Table, version, row: &Row| {
            if is_told || (issues && matches!(table.class, Class::Authority)) {
                change.puts.push(RowLine { table, version, row: row.clone() });
            }
        };
        for write in &commit.writes {
            match write {
                Write::Put { table, row } => match table.class {
                    Class::Credential { .. } => {}
                    // Usage was refused before: it is noted, not committed.
                    Class::Counted { .. } | Class::Noted => {}
                    Class::Expiring { .. } => {
                        self.put(table, row, version)?;
                        self.versions.set(table, key_of(table, row), Some(version));
                        note(table, version, row);
                    }
                    Class::Authority => {
                        let key = key_of(table, row);
                        let before = self.versions.get(self.transaction, table, &key)?;
                        let version = before.map_or(version, |before| version.max(before + 1));
                        self.put(table, row, version)?;
                        self.versions.set(table, key, Some(version));
                        note(table, version, row);
                    }
                },
                Write::Delete { table, key } => {
                    self.transaction.delete(table, key)?;
                    self.versions.set(table, key.clone(), None);
                }
            }
        }
        if is_told {
            let deleted = |write: &Write| match write {
                Write::Delete { table, key } => Some((*table, key.clone())),
                Write::Put { .. } => None,
            };
            change.deletes.extend(commit.writes.iter().filter_map(deleted));
            change.erases.extend(commit.erases.iter().map(|told| told.sequence));
        }
        commit.marks.iter().try_for_each(|mark| self.put(&MARK, &row_of_mark(mark), version))?;
        commit.erases.iter().try_for_each(|told| self.transaction.erase(told.sequence, content_until(told.time)))?;
        Ok(change)
    }

    /// Keeps what the commits changed, for a backup that did not hear of it: the lines of commits beside each other in one row.
    fn keep_changes(&mut self) -> Result<Vec<Arc<str>>, Fault> {
        let mut changes = std::mem::take(&mut self.changes);
        // Those of commits that joined an earlier entry lie with it. Each has what the others of the group have not: the order is free.
        changes.sort_by_key(|change| change.sequence);
        let kept = if self.transaction.keeps(&CHANGE) { changes.as_slice() } else { &[] };
        for beside in kept.chunk_by(|one, next| one.sequence / CHANGE_SPAN == next.sequence / CHANGE_SPAN) {
            let Some(first) = beside.first() else { continue };
            let lines = match beside {
                [only] => only.line.clone(),
                many => many.iter().map(|change| &*change.line).collect::<Vec<_>>().join("\n").into(),
            };
            let until = first.time.seconds().saturating_add(CHANGE_KEPT_SECONDS);
            let row = vec![Value::Int(first.sequence.cast_signed()), Value::Text(lines), Value::Int(until)];
            self.put(&CHANGE, &row, first.sequence)?;
        }
        Ok(changes.into_iter().map(|change| change.line).collect())
    }

    /// Keeps what an entry says, apart from it.
    fn keep_content(&mut self, entry: &Entry) -> Result<(), Fault> {
        match content_row(entry)?.filter(|_| self.transaction.keeps(&CONTENT)) {
            Some(row) => self.put(&CONTENT, &row, entry.sequence),
            None => Ok(()),
        }
    }

    fn put(&mut self, table: &'static Table, row: &Row, version: Sequence) -> Result<(), Fault> {
        self.transaction.put(table, row, version, checksum::of_row(table, row, version))
    }

    fn close(mut self, head: &Head, salts: &mut Salts) -> Result<(Vec<Entry>, Head), Fault> {
        let mut told = std::mem::take(&mut self.told);
        for (sequence, time, commit, event) in std::mem::take(&mut self.issues).close() {
            told.push((sequence, time, commit, event.encode().map_err(untold)?));
        }
        told.sort_unstable_by_key(|(sequence, ..)| *sequence);
        if let Some((_, time, ..)) = told.last_mut() {
            // A row that joined an earlier entry may be of a later time than any of them: the head's time is the last entry's.
            *time = self.time;
        }
        let mut head = head.clone();
        let mut entries = Vec::with_capacity(told.len());
        for (sequence, time, commit, event) in told {
            let entry = Entry::new(sequence, time, commit, event, salts.draw());
            let leaf = entry.leaf();
            self.transaction.append(&entry, &leaf)?;
            self.keep_content(&entry)?;
            head.frontier.append(leaf);
            entries.push(entry);
        }
        (head.size, head.time) = (self.next, self.time);
        if self.opens_incarnation {
            head.incarnation = salts.draw();
        }
        if !entries.is_empty() {
            self.transaction.set_head(&head)?;
        }
        Ok((entries, head))
    }
}

/// The row of [`CONTENT`] with what an entry says; `None` where it says nothing any more.
///
/// # Errors
/// When its payload is no text: canonical JSON is.
pub fn content_row(entry: &Entry) -> Result<Option<Row>, Fault> {
    let Some(content) = &entry.content else { return Ok(None) };
    let payload = std::str::from_utf8(&content.payload).map_err(|error| Fault::new(FaultKind::Engine, error.to_string()))?;
    let until = Value::Int(content_until(entry.time));
    Ok(Some(vec![Value::Int(entry.sequence.cast_signed()), Value::Id(content.salt), Value::text(payload), until]))
}

/// Until when what an entry of this time says is kept, in seconds: names the slice it lies in.
#[must_use]
pub fn content_until(time: Time) -> i64 {
    time.seconds().saturating_add(CONTENT_KEPT_SECONDS)
}

fn untold(unwritable: Unwritable) -> Fault {
    Fault::new(FaultKind::Engine, unwritable.to_string())
}

fn opens_incarnation(commit: &Commit) -> bool {
    commit.events.iter().any(|event| matches!(event, Event::IncarnationOpened { .. }))
}

/// Whether somebody is forgotten by it.
fn forgets(commit: &Commit) -> bool {
    let forgets = |event: &Event| matches!(event, Event::UserErased { .. } | Event::EntriesErased { .. } | Event::ApiKeyRemoved { .. });
    // What was changed is told anew without them.
    let blanks = |write: &Write| matches!(write, Write::Put { table, .. } if std::ptr::eq(*table, &CHANGE));
    !commit.erases.is_empty() || commit.events.iter().any(forgets) || commit.writes.iter().any(blanks)
}

fn credentials(commit: &Commit) -> impl Iterator<Item = (&'static Table, &Row)> {
    commit.writes.iter().filter_map(|write| match write {
        Write::Put { table, row } if matches!(table.class, Class::Credential { .. }) => Some((*table, row)),
        _ => None,
    })
}

fn row_of_mark(mark: &Mark) -> Row {
    vec![Value::Int(mark.kind.number()), Value::Hash(mark.key), Value::Int(mark.until.seconds())]
}
