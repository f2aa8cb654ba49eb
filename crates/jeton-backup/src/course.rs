//! Which segments of a tail a restore reads after a snapshot: each entry once, and no more than is needed.

use std::cmp::Reverse;

use jeton_core::commit::Sequence;

use crate::names::Segment;
use crate::segments::Stored;

/// The segments, in the order in which they are read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) steps: Vec<Step>,
    /// The sequence that is reached.
    pub(crate) end: Sequence,
    /// Whether there is no hole before the end.
    pub(crate) reaches_the_end: bool,
    /// All that there was to choose from.
    all: Vec<Stored>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) stored: Stored,
    /// Those that bring nothing after it: it was made of them, and they did not leave yet, or they are somebody else's.
    pub(crate) within: Vec<Segment>,
}

impl Course {
    /// After a snapshot that ends before this sequence.
    pub(crate) fn of(mut stored: Vec<Stored>, size: Sequence) -> Course {
        // Of those that begin at one place the one that goes furthest.
        stored.sort_unstable_by_key(|Stored { segment, .. }| (segment.from, Reverse(segment.to)));
        let (mut next, mut steps): (_, Vec<Step>) = (size, Vec::new());
        for stored in &stored {
            let Segment { from, to, .. } = stored.segment;
            if from > next {
                break;
            }
            // One without entries says how the one before it ended.
            if to > next || (from == to && to == next) {
                steps.push(Step { stored: *stored, within: Vec::new() });
                next = next.max(to);
            } else if from < to
                && to > size
                && let Some(step) = steps.last_mut()
            {
                step.within.push(stored.segment);
            }
        }
        let reaches_the_end = stored.iter().all(|stored| stored.segment.to <= next);
        Course { steps, end: next, reaches_the_end, all: stored }
    }

    /// The same from where a store in the making is, without a segment that does not open: `None` where the others do not go beyond its end.
    pub(crate) fn without(&self, unopened: &Segment, size: Sequence) -> Option<Course> {
        let others = self.all.iter().filter(|stored| stored.segment != *unopened).copied().collect();
        Some(Course::of(others, size)).filter(|course| course.end > unopened.to)
    }

    /// Whether the last of them has no entry.
    pub(crate) fn ends_with_a_mark(&self) -> bool {
        self.steps.last().is_some_and(|step| step.stored.segment.from == step.stored.segment.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: [u8; 16] = [7; 16];

    fn stored(from: Sequence, to: Sequence) -> Stored {
        Stored { segment: Segment { incarnation: OF, from, to }, bytes: 1 }
    }

    #[test]
    fn each_entry_is_read_once_whatever_is_left_of_what_was_joined() {
        let check = |size, all: &[(u64, u64)], expected: &[(u64, u64)], reaches_the_end| {
            let course = Course::of(all.iter().map(|(from, to)| stored(*from, *to)).collect(), size);
            let read: Vec<_> = course.steps.iter().map(|step| (step.stored.segment.from, step.stored.segment.to)).collect();
            assert_eq!((&read[..], course.reaches_the_end), (expected, reaches_the_end), "{all:?} after {size}");
        };
        check(5, &[], &[], true);
        check(5, &[(0, 5), (5, 9), (9, 12)], &[(5, 9), (9, 12)], true);
        // What a mark says of the end holds until something comes after it.
        check(5, &[(0, 5), (5, 5)], &[(5, 5)], true);
        check(5, &[(0, 5), (5, 5), (5, 9), (9, 9)], &[(5, 9), (9, 9)], true);
        check(5, &[(5, 9), (10, 12)], &[(5, 9)], false);
        // A snapshot may end within one.
        check(7, &[(5, 9), (9, 12)], &[(5, 9), (9, 12)], true);
        // All of what was joined is there still, some of it, or none.
        check(0, &[(0, 2), (0, 9), (2, 2), (2, 5), (5, 9), (9, 12)], &[(0, 9), (9, 12)], true);
        check(0, &[(0, 9), (5, 9), (9, 9), (9, 12)], &[(0, 9), (9, 12)], true);
        check(3, &[(0, 2), (0, 9), (5, 9)], &[(0, 9)], true);
        // Two that overlap, and none within the other.
        check(0, &[(0, 6), (4, 9), (6, 9)], &[(0, 6), (4, 9)], true);
    }

    #[test]
    fn what_does_not_open_is_passed_over_where_others_go_beyond_it() {
        let all = || vec![stored(0, 5), stored(5, 9), stored(5, 20), stored(9, 30)];
        let check = |size, (from, to), expected: Option<(&[(u64, u64)], u64)>| {
            let without = Course::of(all(), 0).without(&stored(from, to).segment, size);
            let read = without.map(|course| {
                let read: Vec<_> = course.steps.iter().map(|step| (step.stored.segment.from, step.stored.segment.to)).collect();
                (read, course.end)
            });
            assert_eq!(read.as_ref().map(|(read, end)| (&read[..], *end)), expected, "{from}-{to} after {size}");
        };
        check(5, (5, 20), Some((&[(5, 9), (9, 30)], 30)));
        check(0, (0, 5), None);
        check(20, (9, 30), None);
    }

    #[test]
    fn what_brings_nothing_is_known_by_the_one_that_was_read() {
        let course = Course::of(vec![stored(0, 9), stored(2, 5), stored(5, 5), stored(9, 12), stored(9, 11)], 4);
        let within: Vec<Vec<Sequence>> = course.steps.iter().map(|step| step.within.iter().map(|within| within.from).collect()).collect();
        assert_eq!(within, [vec![2], vec![9]]);
    }
}
