//! What segments say: whether it is of this ledger, and whether a larger one says all of it.

use std::collections::HashSet;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_store::store::{Fault, Store};

use crate::content_line::JoinedLine;
use crate::entry_line;
use crate::names::Segment;
use crate::open::Opened;
use crate::problem::{Problem, What};

/// A segment's lines, apart.
pub(super) struct Content {
    /// Entries, changes and rows, each with its end of line.
    pub(super) text: String,
    pub(super) count: u64,
    /// How it was shipped.
    pub(super) mode: String,
    /// Where the ledger ended then, if that is said.
    pub(super) head: Option<String>,
    /// Where those began and ended of which it was made.
    pub(super) joined: Vec<Sequence>,
    pub(super) first: Time,
    pub(super) last: Time,
}

/// What says how a segment was shipped, and no more.
fn is_beside(line: &str) -> bool {
    ["{\"mode\"", "{\"head\"", "{\"joined\""].iter().any(|kind| line.starts_with(kind))
}

fn joined(line: &str) -> Option<Vec<Sequence>> {
    serde_json::from_str::<JoinedLine>(line).ok().map(|line| line.joined)
}

impl Content {
    /// Reads it; a problem where an entry is not the store's.
    pub(super) fn of(store: &dyn Store, segment: &Segment, opened: &Opened) -> Result<Result<Content, Problem>, Fault> {
        let wrong = |words: &str| Problem::new(&segment.name(), What::Damaged(words.into()));
        let (mut entries, mut count, mut mode, mut head, mut within) = (Vec::new(), 0, None, None, Vec::new());
        let mut text = String::with_capacity(opened.text().len());
        for line in opened.lines() {
            if !is_beside(line) {
                text.push_str(line);
                text.push('\n');
                count += 1;
            }
            if line.starts_with("{\"entry\"") {
                let Ok(entry) = entry_line::parse(line) else { return Ok(Err(wrong("an entry is none"))) };
                entries.push((entry.sequence, entry.leaf(), entry.time));
            } else if line.starts_with("{\"mode\"") {
                mode = Some(line.to_owned());
            } else if line.starts_with("{\"head\"") {
                head = Some(line.to_owned());
            } else if let Some(found) = joined(line) {
                within = found;
            }
        }
        let Some(mode) = mode else { return Ok(Err(wrong("it does not say how it was shipped"))) };
        let Some(((_, _, first), (_, _, last))) = entries.first().zip(entries.last()) else { return Ok(Err(wrong("it has no entry"))) };
        let (first, last) = (*first, *last);
        let known = store.tail(segment.from, entries.len())?;
        let is_ours = entries.len() as u64 == segment.to - segment.from
            && known.len() == entries.len()
            && known.iter().zip(&entries).all(|(known, (sequence, leaf, _))| known.sequence == *sequence && known.leaf() == *leaf);
        if !is_ours {
            return Ok(Err(wrong("its entries are not those of this ledger")));
        }
        Ok(Ok(Content { text, count, mode, head, joined: within, first, last }))
    }
}

/// A segment that was made of others.
pub(super) struct Larger {
    lines: HashSet<String>,
    joined: Vec<Sequence>,
}

impl Larger {
    pub(super) fn of(opened: &Opened) -> Larger {
        let joined = opened.lines().find_map(joined).unwrap_or_default();
        Larger { lines: opened.lines().map(str::to_owned).collect(), joined }
    }

    /// Whether it was made of this one, and says all that it says.
    pub(super) fn has_all_of(&self, segment: &Segment, opened: &Opened) -> bool {
        let was_made_of = [segment.from, segment.to].iter().all(|place| self.joined.binary_search(place).is_ok());
        was_made_of && opened.lines().filter(|line| !is_beside(line)).all(|line| self.lines.contains(line))
    }
}
