//! What is known of the segment that was read last: whether others that lie within it say the same.

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_store::ledger::{Entry, Hash};

use crate::entry_line;
use crate::names::Segment;
use crate::open::Opened;
use crate::problem::{Problem, What};

/// The segment that was read last.
#[derive(Debug, Default)]
pub(crate) struct Before {
    entries: Vec<(Sequence, CommitId, Hash)>,
    /// Where the segments began and ended of which it was made, in order.
    pub(crate) joined: Vec<Sequence>,
}

impl Before {
    pub(crate) fn hear(&mut self, entry: &Entry) {
        self.entries.push((entry.sequence, entry.commit, entry.commitment));
    }

    /// Whether it was made of this one, among others.
    pub(crate) fn was_joined_of(&self, segment: &Segment) -> bool {
        let is_known = |place: &Sequence| self.joined.binary_search(place).is_ok();
        is_known(&segment.from) && is_known(&segment.to)
    }

    /// Refuses a segment that lies within it and has other entries: somebody else's, of which nothing is known here.
    pub(crate) fn compare(&self, name: &str, opened: &Opened) -> Result<(), Problem> {
        for line in opened.lines().filter(|line| line.starts_with("{\"entry\"")) {
            let entry = entry_line::parse(line).map_err(|words| Problem::new(name, What::Damaged(words)))?;
            let place = self.entries.binary_search_by_key(&entry.sequence, |(sequence, ..)| *sequence);
            let is_same = place
                .ok()
                .and_then(|place| self.entries.get(place))
                .is_some_and(|(_, commit, known)| (*commit, *known) == (entry.commit, entry.commitment));
            if !is_same {
                return Err(Problem::new(name, What::Damaged("the ledger's entries are not those of its root".into())));
            }
        }
        Ok(())
    }
}
