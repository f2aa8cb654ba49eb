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

    /// Whether it was made of this one, among others: one that begins and ends where some of those did, and goes over others between, is
    /// another.
    pub(crate) fn was_joined_of(&self, segment: &Segment) -> bool {
        let after = self.joined.binary_search(&segment.from).ok().and_then(|place| self.joined.get(place + 1));
        after == Some(&segment.to)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_was_made_of_those_that_end_where_the_next_begins() {
        let before = Before { entries: Vec::new(), joined: vec![5, 6, 9, 12] };
        let check = |from, to, expected| {
            let segment = Segment { incarnation: [7; 16], from, to };
            assert_eq!(before.was_joined_of(&segment), expected, "{from}-{to}");
        };
        check(5, 6, true);
        check(9, 12, true);
        check(5, 9, false);
        check(6, 12, false);
        check(6, 8, false);
        check(12, 13, false);
    }
}
