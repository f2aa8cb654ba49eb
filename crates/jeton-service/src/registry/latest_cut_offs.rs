//! The latest cut-off of each kind of subject: whether tokens may be dated ahead.

use std::sync::atomic::{AtomicI64, Ordering};

use jeton_verify::negatives::Subject;

const KINDS: [Subject; 8] =
    [Subject::Client, Subject::User, Subject::Session, Subject::Family, Subject::Api, Subject::Key, Subject::Group, Subject::Everything];

/// For each kind of subject, the latest `before` that was ever said of one, in seconds.
pub(super) struct LatestCutOffs([AtomicI64; KINDS.len()]);

impl Default for LatestCutOffs {
    fn default() -> LatestCutOffs {
        LatestCutOffs([const { AtomicI64::new(i64::MIN) }; KINDS.len()])
    }
}

impl LatestCutOffs {
    /// A cut-off was said.
    pub(super) fn note(&self, subject: Subject, before_seconds: i64) {
        for (_, latest) in KINDS.iter().zip(&self.0).filter(|(kind, _)| **kind == subject) {
            latest.fetch_max(before_seconds, Ordering::AcqRel);
        }
    }

    /// The latest of all other kinds: any of them may reach a token of this one.
    #[must_use]
    pub(super) fn of_others(&self, subject: Subject) -> i64 {
        let others = KINDS.iter().zip(&self.0).filter(|(kind, _)| **kind != subject);
        others.map(|(_, latest)| latest.load(Ordering::Acquire)).fold(i64::MIN, i64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_of_the_others_counts() {
        let latest = LatestCutOffs::default();
        assert_eq!(latest.of_others(Subject::Client), i64::MIN);
        for (subject, before) in [(Subject::Client, 5), (Subject::Api, 7), (Subject::Api, 6)] {
            latest.note(subject, before);
        }
        for (subject, expected) in [(Subject::Client, 7), (Subject::Api, 5), (Subject::Everything, 7)] {
            assert_eq!(latest.of_others(subject), expected, "{subject:?}");
        }
    }
}
