//! Bugs that can be planted, to show that the simulation finds them.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// The store answers before what it answers is on the disk.
    AnswersEarly,
    /// A start does not read the negatives.
    ForgetsNegatives,
    /// The store answers before its subscriber has heard.
    PublishesLate,
    /// The last row of a commit is not always written.
    WritesHalf,
    /// Old slices leave on the word of any clock.
    PurgesEarly,
    /// The feed loses events but keeps up its heartbeat.
    SkipsEvents,
    /// A verifier empties its negatives when it takes a snapshot, before the snapshot has come.
    ClearsFirst,
    /// A verifier takes a resumption for the end of a revocation.
    ResumesRevoked,
    /// A verifier trusts what it knows for ever.
    NeverStale,
}

impl Breakage {
    /// All of them, with the names they are asked for by.
    pub const ALL: [(&'static str, Breakage); 9] = [
        ("answers-early", Breakage::AnswersEarly),
        ("forgets-negatives", Breakage::ForgetsNegatives),
        ("publishes-late", Breakage::PublishesLate),
        ("writes-half", Breakage::WritesHalf),
        ("purges-early", Breakage::PurgesEarly),
        ("skips-events", Breakage::SkipsEvents),
        ("clears-first", Breakage::ClearsFirst),
        ("resumes-revoked", Breakage::ResumesRevoked),
        ("never-stale", Breakage::NeverStale),
    ];

    /// The bug of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Breakage> {
        Breakage::ALL.iter().find(|(known, _)| *known == name).map(|(_, breakage)| *breakage)
    }
}
