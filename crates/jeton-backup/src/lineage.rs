//! Which entries of a target's tail a restored ledger comes from. Whatever else is there may have taken something away that it does not know.

use jeton_core::commit::Sequence;
use jeton_store::ledger::Entry;

use crate::names::Segment;
use crate::went_on::WentOn;

/// The incarnations that a ledger went on from, and how many entries of each it has, or has looked at: what those took away is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    past: Vec<([u8; 16], Sequence)>,
}

impl Lineage {
    /// Takes down what an entry tells of an incarnation before.
    pub(crate) fn hear(&mut self, entry: &Entry) {
        // What one speaks of that cannot be read counts as another's.
        self.past.extend(WentOn::said_by(entry).map(|went_on| (went_on.previous, went_on.known)));
    }

    /// How many entries the ledger has of an incarnation before; none of one that it does not come from.
    pub(crate) fn size_of(&self, incarnation: [u8; 16]) -> Sequence {
        self.past.iter().filter(|(of, _)| *of == incarnation).map(|(_, size)| *size).max().unwrap_or(0)
    }

    /// Whether the ledger went on from this incarnation.
    pub(crate) fn has(&self, incarnation: [u8; 16]) -> bool {
        self.past.iter().any(|(of, _)| *of == incarnation)
    }

    /// The last segment of each incarnation that has entries which a ledger of the incarnation `own` does not come from. One that began and
    /// took nothing is among them: it may have answered what is on no target yet.
    pub(crate) fn others(&self, own: [u8; 16], segments: &[Segment]) -> Vec<Segment> {
        let mut last: Vec<Segment> = Vec::new();
        for segment in segments.iter().filter(|segment| segment.incarnation != own) {
            match last.last_mut().filter(|other| other.incarnation == segment.incarnation) {
                Some(other) if other.to > segment.to => {}
                Some(other) => *other = *segment,
                None => last.push(*segment),
            }
        }
        let is_past = |other: &Segment| self.past.iter().any(|(of, size)| *of == other.incarnation && other.to <= *size);
        last.retain(|other| !is_past(other));
        last
    }

    /// Of each incarnation that the ledger went on from and that has no others, the segment without entries where it ended for it: its server puts
    /// it again when it begins again.
    pub(crate) fn marks_at_the_end(&self, segments: &[Segment]) -> Vec<Segment> {
        let ends = |mark: &Segment| mark.from == mark.to && self.has(mark.incarnation) && mark.to == self.size_of(mark.incarnation);
        let is_last = |mark: &Segment| segments.iter().all(|other| other.incarnation != mark.incarnation || other.to <= mark.to);
        segments.iter().filter(|mark| ends(mark) && is_last(mark)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::event::Event;
    use jeton_core::id::{Actor, CommitId};
    use jeton_core::moment::Time;
    use jeton_store::ledger::entry::Content;

    use super::*;
    use crate::object::hexadecimal;

    fn opened(previous: u8, size: Sequence, known: Option<Sequence>) -> Entry {
        let root = "".into();
        let event = Event::IncarnationOpened {
            actor: Actor::system(),
            known,
            previous: hexadecimal(&[previous; 16]).into(),
            reason: "".into(),
            root,
            size,
        };
        let content = Some(Content { salt: [0; 16], payload: event.encode().unwrap().payload });
        let (time, kind, commit) = (Time::from_seconds(0), "incarnation.opened".into(), CommitId([0; 16]));
        Entry { sequence: size, time, kind, commit, commitment: [0; 32], content }
    }

    #[test]
    fn what_lies_before_an_incarnation_is_its_past_and_what_came_after_is_another() {
        let segment = |of: u8, from, to| Segment { incarnation: [of; 16], from, to };
        let check = |segments: &[Segment], expected: &[Segment]| {
            let mut lineage = Lineage::default();
            lineage.hear(&opened(1, 5, None));
            lineage.hear(&opened(2, 9, None));
            assert_eq!(lineage.others([3; 16], segments), expected, "{segments:?}");
        };
        check(&[], &[]);
        check(&[segment(1, 0, 5), segment(1, 5, 5), segment(2, 6, 9), segment(3, 9, 20), segment(3, 20, 30)], &[]);
        // It went on, too.
        check(&[segment(1, 0, 5), segment(1, 5, 6), segment(2, 6, 9)], &[segment(1, 5, 6)]);
        // A longer one may begin earlier.
        check(&[segment(2, 6, 12), segment(2, 7, 8)], &[segment(2, 6, 12)]);
        check(&[segment(3, 9, 9), segment(4, 3, 3), segment(4, 3, 4), segment(5, 1, 1)], &[segment(4, 3, 4), segment(5, 1, 1)]);
    }

    #[test]
    fn where_one_ended_it_may_begin_again() {
        let segment = |of: u8, from, to| Segment { incarnation: [of; 16], from, to };
        let check = |segments: &[Segment], expected: &[Segment]| {
            let mut lineage = Lineage::default();
            lineage.hear(&opened(1, 5, None));
            lineage.hear(&opened(2, 9, Some(11)));
            assert_eq!(lineage.marks_at_the_end(segments), expected, "{segments:?}");
        };
        check(
            &[segment(1, 0, 5), segment(1, 5, 5), segment(2, 9, 9), segment(2, 9, 11), segment(2, 11, 11)],
            &[segment(1, 5, 5), segment(2, 11, 11)],
        );
        // It is another's already, or of one that is none of its past.
        check(&[segment(1, 5, 5), segment(1, 5, 7), segment(3, 5, 5)], &[]);
    }

    #[test]
    fn what_was_left_behind_for_an_earlier_time_and_looked_at_is_no_other() {
        let segment = |from, to| Segment { incarnation: [1; 16], from, to };
        let mut lineage = Lineage::default();
        lineage.hear(&opened(1, 5, Some(8)));
        assert_eq!(lineage.others([2; 16], &[segment(0, 5), segment(5, 8)]), []);
        assert_eq!(lineage.others([2; 16], &[segment(0, 8), segment(8, 9)]), [segment(8, 9)]);
    }
}
