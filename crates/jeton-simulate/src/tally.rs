//! What happened in a run, in numbers.

use std::fmt;

/// What a run counts, so that nobody mistakes a run in which nothing happened for one in which nothing went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were made.
    pub requests: u64,
    /// Requests that heard yes.
    pub acknowledged: u64,
    /// Tokens whose client heard of them.
    pub issued: u64,
    /// Tokens of whose death somebody heard.
    pub killed: u64,
    /// Ends of the server's process.
    pub crashes: u64,
    /// Starts that found an image of the negatives and nothing committed since.
    pub images_taken_up: u64,
    /// Jumps of the server's clock.
    pub clock_jumps: u64,
    /// How often a verifier was seen to accept a token.
    pub accepted_by_verifiers: u64,
    /// How often a verifier was seen to refuse a token for good.
    pub refused_by_verifiers: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Tally) -> Tally {
        Tally {
            requests: self.requests + other.requests,
            acknowledged: self.acknowledged + other.acknowledged,
            issued: self.issued + other.issued,
            killed: self.killed + other.killed,
            crashes: self.crashes + other.crashes,
            images_taken_up: self.images_taken_up + other.images_taken_up,
            clock_jumps: self.clock_jumps + other.clock_jumps,
            accepted_by_verifiers: self.accepted_by_verifiers + other.accepted_by_verifiers,
            refused_by_verifiers: self.refused_by_verifiers + other.refused_by_verifiers,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} requests, {} acknowledged; {} tokens issued, {} died; {} crashes, {} images taken up, {} clock jumps; verifiers accepted {} times and refused for good {} times",
            self.requests,
            self.acknowledged,
            self.issued,
            self.killed,
            self.crashes,
            self.images_taken_up,
            self.clock_jumps,
            self.accepted_by_verifiers,
            self.refused_by_verifiers
        )
    }
}
