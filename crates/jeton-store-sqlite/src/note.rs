//! Usage on its way into the store: written behind groups in short steps, so that no commit waits for more than one of them.

use std::ops::Range;

use jeton_core::commit::Write;
use jeton_core::record::Value;
use jeton_store::store::{Fault, Noted};
use tokio::sync::oneshot;

/// Rows that a step writes when nobody waits, and bytes after which it ends: about a millisecond.
const IDLE: (usize, usize) = (256, 256 << 10);
/// The same behind a group.
const BUSY: (usize, usize) = (32, 32 << 10);

/// Writes of usage, and whom to tell.
pub(crate) struct Note {
    writes: Vec<Write>,
    /// How many of them go in steps; the rest is the last step.
    apart: usize,
    /// How many are written.
    written: usize,
    /// Whether all are, and an fsync came after.
    is_durable: bool,
    reply: oneshot::Sender<Result<(), Fault>>,
}

/// What is written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) writes: Range<usize>,
    /// Whether its commit waits for the disk: the last one does, where no group's does instead. One of rows that go together always does:
    /// of what is refused later, when a group's fsync fails to come, nothing may be there.
    pub(crate) is_synced: bool,
}

impl Note {
    pub(crate) fn new(noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) -> Note {
        let Noted { writes, together } = noted;
        Note { is_durable: writes.is_empty(), apart: writes.len().saturating_sub(together), writes, written: 0, reply }
    }

    pub(crate) fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The next step behind a group of so many commits; none when there is nothing to do but to wait for a group's fsync.
    pub(crate) fn step(&self, commits: usize) -> Option<Step> {
        if self.written == self.apart && self.apart < self.writes.len() {
            return Some(Step { writes: self.apart..self.writes.len(), is_synced: true });
        }
        let (rows, bytes) = if commits == 0 { IDLE } else { BUSY };
        let mut end = self.written;
        let mut size = 0;
        for write in self.writes.iter().take(self.apart).skip(self.written).take(rows) {
            end += 1;
            size += size_of(write);
            if size >= bytes {
                break;
            }
        }
        let is_last = end == self.writes.len();
        match (self.written == end, commits == 0) {
            // Nobody else makes it durable: the last row is put again, with an fsync.
            (true, true) => Some(Step { writes: end.saturating_sub(1)..end, is_synced: true }),
            (true, false) => None,
            (false, is_idle) => Some(Step { writes: self.written..end, is_synced: is_last && is_idle }),
        }
    }

    /// A step was committed.
    pub(crate) fn wrote(&mut self, step: &Step) {
        self.written = self.written.max(step.writes.end);
        self.is_durable |= step.is_synced;
    }

    /// A group became durable, and what was committed before it.
    pub(crate) fn synced(&mut self) {
        self.is_durable |= self.written == self.writes.len();
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.is_durable
    }

    pub(crate) fn answer(self, answer: Result<(), Fault>) {
        // Whoever waited may have gone.
        let _ = self.reply.send(answer);
    }
}

fn size_of(write: &Write) -> usize {
    match write {
        Write::Put { row, .. } => row.iter().map(|value| value.as_bytes().map_or(8, <[u8]>::len)).sum(),
        Write::Delete { key, .. } => key.len() * std::mem::size_of::<Value>(),
    }
}

#[cfg(test)]
mod tests {
    use jeton_store::conformance::COUNTS;

    use super::*;

    fn note(rows: usize, bytes: usize) -> Note {
        note_with(rows, bytes, 0)
    }

    fn note_with(rows: usize, bytes: usize, together: usize) -> Note {
        let row = vec![Value::Int(0), Value::text("ada"), Value::Int(0), Value::Int(1), Value::Bytes(vec![0; bytes].into())];
        Note::new(Noted { writes: vec![Write::Put { table: &COUNTS, row }; rows], together }, oneshot::channel().0)
    }

    /// The steps behind groups of so many commits: where each ends, and whether it waits for the disk.
    #[track_caller]
    fn check(mut note: Note, groups: &[usize], expected: &[Option<(usize, bool)>]) {
        let mut steps = Vec::new();
        for commits in groups {
            if *commits > 0 {
                note.synced();
            }
            let step = note.step(*commits);
            step.iter().for_each(|step| note.wrote(step));
            steps.push(step.map(|step| (step.writes.end, step.is_synced)));
        }
        assert_eq!(steps, expected);
        assert!(note.is_durable());
    }

    #[test]
    fn usage_is_written_in_steps_and_synced_once() {
        check(note(3, 0), &[0], &[Some((3, true))]);
        check(note(300, 0), &[0, 0], &[Some((256, false)), Some((300, true))]);
        check(note(40, 0), &[9, 9, 9], &[Some((32, false)), Some((40, false)), None]);
        check(note(40, 0), &[9, 0], &[Some((32, false)), Some((40, true))]);
        check(note(20, 0), &[9, 0], &[Some((20, false)), Some((20, true))]);
        // What goes together is one step, and waits for the disk also where a group's fsync would come.
        check(note_with(3, 0, 2), &[0, 0], &[Some((1, false)), Some((3, true))]);
        check(note_with(300, 40 << 10, 299), &[9, 9], &[Some((1, false)), Some((300, true))]);
        check(note_with(290, 0, 290), &[9], &[Some((290, true))]);
        check(note_with(1, 0, 2), &[0], &[Some((1, true))]);
        check(note_with(270, 0, 3), &[0, 0, 0], &[Some((256, false)), Some((267, false)), Some((270, true))]);
        check(note(3, 40 << 10), &[9, 9, 9, 9], &[Some((1, false)), Some((2, false)), Some((3, false)), None]);
    }
}
