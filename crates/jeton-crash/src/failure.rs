//! Why a round could not be held, or what it found.

use std::fmt;

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something acknowledged is missing, something revoked is active, or the server did not do what it must.
    Finding(String),
    /// The round could not be held.
    CouldNot(String),
}

impl Failure {
    /// A finding.
    pub(crate) fn finding(what: impl Into<String>) -> Failure {
        Failure::Finding(what.into())
    }
}

impl Failure {
    /// What could not be done, or was found.
    pub(crate) fn what(&self) -> &str {
        match self {
            Failure::Finding(what) | Failure::CouldNot(what) => what,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Finding(what) => write!(formatter, "found: {what}"),
            Failure::CouldNot(what) => write!(formatter, "could not: {what}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when it failed.
pub(crate) trait Doing<T> {
    /// The same result, told with what was being done.
    fn doing(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::CouldNot(format!("{what}: {error}")))
    }
}
