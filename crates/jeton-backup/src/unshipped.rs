//! What groups wrote that is not on the target yet, as the lines of the segment that will take it there: whoever ships need not read it
//! again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_core::commit::{Sequence, Write};
use jeton_core::event::Event;
use jeton_core::record::Class;
use jeton_store::ledger::{Entry, Head};
use jeton_store::line::RowLine;
use jeton_store::store::Group;
use tokio::sync::Notify;

use crate::entry_line;
use crate::erasure::Erased;

/// What was heard of groups and not shipped.
#[derive(Debug, Default)]
pub struct Unshipped {
    waiting: Mutex<Waiting>,
    /// Rings when a segment is full.
    bell: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Without a gap, up to the end that was heard of.
    groups: VecDeque<Heard>,
    bytes: usize,
    end: Option<Arc<Head>>,
}

/// The lines of one group, or of several in a row.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) from: Sequence,
    pub(crate) to: Sequence,
    pub(crate) entries: Lines,
    pub(crate) changes: Lines,
    pub(crate) rows: Lines,
    /// What was erased in it.
    pub(crate) erased: Vec<Erased>,
}

/// Lines with their ends, those of each group in one piece.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) count: u64,
}

/// About how many bytes the line of an entry has.
const ENTRY_BYTES: usize = 512;

/// What is to be shipped next.
pub(crate) enum Next {
    /// Nothing: everything that was heard of is there.
    Nothing,
    /// This.
    Heard(Heard),
    /// What was not heard of, or is heard of no longer: it is read from the store, until before this sequence.
    Missing(Sequence),
}

/// How many bytes wait at most: what is more is read from the store again.
const BYTES_WAITING: usize = 16 * 1024 * 1024;
/// How many bytes one segment takes, about.
const BYTES_AT_A_TIME: usize = 4 * 1024 * 1024;

impl Unshipped {
    /// Takes up what a group wrote. Called in the order of groups, before their commits are answered.
    pub fn hear(&self, group: &Group<'_>) {
        let Some(first) = group.entries.first() else { return };
        let heard = Heard::of(group, first.sequence);
        let mut waiting = self.lock();
        waiting.end = Some(group.head.clone());
        let before = waiting.bytes;
        waiting.bytes += heard.as_ref().map_or(0, Heard::bytes);
        match heard {
            Some(heard) if waiting.bytes <= BYTES_WAITING => waiting.groups.push_back(heard),
            _ => {
                waiting.groups.clear();
                waiting.bytes = 0;
            }
        }
        // Once, when it becomes so much: a target that is away is not asked without a rest.
        if before < BYTES_AT_A_TIME && waiting.bytes >= BYTES_AT_A_TIME {
            self.bell.notify_one();
        }
    }

    /// Returns once a full segment waits: whoever ships then need not read again what had no room to wait. For one at a time.
    pub async fn fills_a_segment(&self) {
        self.bell.notified().await;
    }

    /// Up to where what was committed was heard of; of nothing so far, the store's own end.
    pub(crate) fn end(&self, of_store: Arc<Head>) -> Arc<Head> {
        self.lock().end.clone().unwrap_or(of_store)
    }

    /// What comes after a sequence, until before `end` at most: whole groups, since a segment ends where a group does.
    pub(crate) fn next(&self, from: Sequence, end: Sequence) -> Next {
        let mut waiting = self.lock();
        while waiting.groups.front().is_some_and(|heard| heard.to <= from) {
            waiting.pop();
        }
        if from >= end {
            return Next::Nothing;
        }
        match waiting.groups.front() {
            None => return Next::Missing(end),
            Some(front) if front.from > from => return Next::Missing(front.from),
            Some(front) if front.from < from => return Next::Missing(front.to),
            Some(_) => {}
        }
        let mut next = waiting.pop();
        let mut bytes = next.bytes();
        while waiting.groups.front().is_some_and(|heard| heard.to <= end) && bytes < BYTES_AT_A_TIME {
            let more = waiting.pop();
            bytes += more.bytes();
            next.join(more);
        }
        Next::Heard(next)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Heard {
        let heard = self.groups.pop_front().unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(heard.bytes());
        heard
    }
}

impl Heard {
    /// `None`: something in it makes no line, which whoever reads it from the store will say.
    fn of(group: &Group<'_>, from: Sequence) -> Option<Heard> {
        let entries = Lines::write(group.entries.len() * ENTRY_BYTES, |lines| {
            group.entries.iter().try_for_each(|entry| lines.push(|text| entry_line::write(text, entry).ok()))
        })?;
        let changes = Lines::write(group.changes.iter().map(|change| change.len() + 1).sum(), |lines| {
            group.changes.iter().try_for_each(|change| {
                lines.push(|text| {
                    text.extend_from_slice(change.as_bytes());
                    Some(())
                })
            })
        })?;
        let rows = Lines::write(0, |lines| issued_rows(group, lines))?;
        Some(Heard { from, to: group.head.size, entries, changes, rows, erased: Erased::by(group) })
    }

    fn bytes(&self) -> usize {
        self.entries.bytes() + self.changes.bytes() + self.rows.bytes()
    }

    fn join(&mut self, next: Heard) {
        self.to = next.to;
        self.entries.join(next.entries);
        self.changes.join(next.changes);
        self.rows.join(next.rows);
        self.erased.extend(next.erased);
    }
}

impl Lines {
    /// One piece of lines, in room for about so many bytes. `None`: something makes no line.
    fn write(bytes: usize, write: impl FnOnce(&mut Piece) -> Option<()>) -> Option<Lines> {
        let mut piece = Piece { text: Vec::with_capacity(bytes), count: 0 };
        write(&mut piece)?;
        Some(Lines { pieces: if piece.count == 0 { Vec::new() } else { vec![piece.text] }, count: piece.count })
    }

    fn bytes(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    fn join(&mut self, next: Lines) {
        self.pieces.extend(next.pieces);
        self.count += next.count;
    }
}

/// Lines in the making.
struct Piece {
    text: Vec<u8>,
    count: u64,
}

impl Piece {
    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
        write(&mut self.text)?;
        self.text.push(b'\n');
        self.count += 1;
        Some(())
    }
}

/// The rows that a group issued.
fn issued_rows(group: &Group<'_>, lines: &mut Piece) -> Option<()> {
    let versions = versions(group);
    for (sequence, commit) in group.commits {
        for write in &commit.writes {
            if let Write::Put { table, row } = write
                && matches!(table.class, Class::Credential { .. })
            {
                let issued = versions.iter().find(|(name, _)| **name == *table.name);
                let version = issued.map_or(*sequence, |(_, version)| *version);
                lines.push(|text| RowLine::write(text, table, version, row).ok())?;
            }
        }
    }
    Some(())
}

/// The tables of which the group issued rows, each with the sequence of the entry that tells so: the version of those rows.
fn versions(group: &Group<'_>) -> Vec<(Arc<str>, Sequence)> {
    group.entries.iter().filter_map(|entry| issued(entry).map(|issued| (issued.table, entry.sequence))).collect()
}

/// What an entry tells to have been issued.
pub(crate) struct Issued {
    /// Of which table.
    pub(crate) table: Arc<str>,
    /// How many rows.
    pub(crate) count: u64,
    /// How many changes lie under it.
    pub(crate) changed: u64,
}

/// What an entry tells to have been issued; `None`: it tells of something else.
pub(crate) fn issued(entry: &Entry) -> Option<Issued> {
    if entry.kind != "credentials.issued" {
        return None;
    }
    match entry.event() {
        Ok(Some(Event::Issued { changed, count, table, .. })) => Some(Issued { table, count, changed }),
        _ => None,
    }
}
