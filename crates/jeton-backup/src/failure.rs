//! Why a backup or a restore did not come to its end.

use std::fmt;
use std::io;

use jeton_store::line::LineError;
use jeton_store::store::Fault;

use crate::problem::Problem;

/// Why.
#[derive(Debug)]
pub enum Failure {
    /// An object, or its target.
    Object(Problem),
    /// The store.
    Store(Fault),
    /// Packing or sealing.
    Seal(io::Error),
    /// A line that is not what it must be, or a thread that ended.
    Line(String),
    /// The target has more of the ledger than the store, or something else in its place: in words to act on.
    Parted(String),
    /// Nothing there that could be restored, or not what was asked for: in words to act on.
    Refused(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Object(problem) => problem.fmt(formatter),
            Failure::Store(fault) => fault.fmt(formatter),
            Failure::Seal(error) => write!(formatter, "sealing failed: {error}"),
            Failure::Line(words) | Failure::Parted(words) | Failure::Refused(words) => formatter.write_str(words),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Object(problem)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Store(fault)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Seal(error)
    }
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Failure {
        Failure::Line(error.to_string())
    }
}
