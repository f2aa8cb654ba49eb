//! What is wrong with what an authenticator, or whoever says to be one, sends.

use std::fmt;

/// Why it proves nothing. Whoever sent it is not told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not what this version of the standard writes.
    Malformed,
    /// It is too long for what it is said to be.
    TooLong,
    /// It is of the other ceremony.
    OtherType,
    /// It answers another question than the one that was asked.
    OtherChallenge,
    /// The page was of another origin, or within one of another.
    OtherOrigin,
    /// It is for another server.
    OtherServer,
    /// Nobody touched the authenticator.
    NobodyPresent,
    /// The authenticator did not see who holds it.
    NobodyVerified,
    /// Its key is of a kind that is not taken, or no key.
    Key,
    /// The key did not sign it.
    Signature,
    /// It signed less often than it had before: there may be two of it.
    Counter,
    /// It says of itself what it did not when it was added.
    Changed,
    /// It calls the person otherwise.
    OtherPerson,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Flaw::Malformed => "it is malformed",
            Flaw::TooLong => "it is too long",
            Flaw::OtherType => "it is of another ceremony",
            Flaw::OtherChallenge => "it answers another challenge",
            Flaw::OtherOrigin => "it is of a page elsewhere",
            Flaw::OtherServer => "it is for another server",
            Flaw::NobodyPresent => "nobody was present",
            Flaw::NobodyVerified => "nobody was verified",
            Flaw::Key => "its key is of no kind that is taken",
            Flaw::Signature => "its signature is not of its key",
            Flaw::Counter => "its counter went back",
            Flaw::Changed => "it changed its kind",
            Flaw::OtherPerson => "it is somebody else's",
        })
    }
}

impl std::error::Error for Flaw {}
