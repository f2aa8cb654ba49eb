//! Which segments may be joined, by their names and sizes alone.

use std::cmp::Reverse;

use jeton_core::commit::Sequence;

use super::bounds::Bounds;
use crate::names::Segment;
use crate::segments::Stored;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Small ones that follow each other without a gap.
    pub(super) runs: Vec<Vec<Stored>>,
    /// What lies within larger ones.
    pub(super) left: Vec<Left>,
    /// Those without entries.
    pub(super) marks: Vec<Segment>,
    /// How many there are that lie within no other.
    pub(super) count: usize,
    /// From where on segments stay as they are, or there are none.
    pub(super) until: Sequence,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) larger: Stored,
    pub(super) within: Vec<Stored>,
}

impl Plan {
    /// Of what is listed; what begins before a sequence was looked at before.
    pub(super) fn of(stored: &[Stored], from: Sequence, bounds: &Bounds) -> Plan {
        let is_mark = |stored: &&Stored| stored.segment.from == stored.segment.to;
        let marks = stored.iter().filter(is_mark).map(|stored| stored.segment).collect();
        let mut sorted: Vec<Stored> = stored.iter().filter(|stored| !is_mark(stored)).copied().collect();
        sorted.sort_unstable_by_key(|Stored { segment, .. }| (segment.from, Reverse(segment.to)));
        let mut whole: Vec<Left> = Vec::new();
        for each in sorted {
            match whole.last_mut() {
                Some(over) if each.segment.to <= over.larger.segment.to => over.within.push(each),
                _ => whole.push(Left { larger: each, within: Vec::new() }),
            }
        }
        let count = whole.len();
        let end = whole.last().map_or(0, |last| last.larger.segment.to);
        let newest = whole.split_off(whole.len().saturating_sub(bounds.apart));
        let until = newest.first().map_or(end, |first| first.larger.segment.from);
        let mut runs: Vec<Vec<Stored>> = vec![Vec::new()];
        let mut before = None;
        for Left { larger, within } in &whole {
            // What lies within one may be somebody else's: such a one is left as it is, and a restore looks at both.
            let is_small = larger.segment.from >= from && larger.bytes <= bounds.small && within.is_empty();
            if before != Some(larger.segment.from) || !is_small {
                runs.push(Vec::new());
            }
            before = Some(larger.segment.to);
            if is_small && let Some(run) = runs.last_mut() {
                run.push(*larger);
            }
        }
        runs.retain(|run| !run.is_empty());
        whole.retain(|each| !each.within.is_empty());
        Plan { runs, left: whole, marks, count, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored((from, to, bytes): (Sequence, Sequence, u64)) -> Stored {
        Stored { segment: Segment { incarnation: [7; 16], from, to }, bytes }
    }

    #[test]
    fn small_ones_are_joined_that_follow_each_other_and_the_newest_stay() {
        let bounds = Bounds { apart: 1, small: 9, ..Bounds::default() };
        let check = |all: &[(u64, u64, u64)], runs: &[&[u64]], left: &[(u64, u64)], until: u64| {
            let plan = Plan::of(&all.iter().copied().map(stored).collect::<Vec<_>>(), 0, &bounds);
            let found: Vec<Vec<u64>> = plan.runs.iter().map(|run| run.iter().map(|each| each.segment.from).collect()).collect();
            assert_eq!(found, runs, "{all:?}");
            let found: Vec<_> =
                plan.left.iter().flat_map(|left| left.within.iter().map(|each| (left.larger.segment.from, each.segment.from))).collect();
            assert_eq!((&found[..], plan.until), (left, until), "{all:?}");
        };
        check(&[], &[], &[], 0);
        check(&[(5, 5, 1)], &[], &[], 0);
        check(&[(5, 9, 1)], &[], &[], 5);
        check(&[(5, 5, 1), (5, 9, 1), (9, 9, 1), (9, 12, 1), (12, 20, 1), (20, 20, 1)], &[&[5, 9]], &[], 12);
        // A hole, a large one, and one that overlaps.
        check(&[(0, 1, 1), (1, 2, 1), (3, 4, 1), (4, 5, 1)], &[&[0, 1], &[3]], &[], 4);
        check(&[(0, 1, 1), (1, 2, 10), (2, 4, 1), (4, 5, 1)], &[&[0], &[2]], &[], 4);
        check(&[(0, 2, 1), (1, 4, 1), (4, 5, 1), (5, 6, 1)], &[&[0], &[1, 4]], &[], 5);
        // What is left within a larger one, whoever put it there.
        check(&[(0, 2, 1), (0, 9, 1), (2, 2, 1), (4, 9, 1), (9, 10, 1), (10, 11, 1)], &[&[9]], &[(0, 0), (0, 4)], 10);
    }
}
