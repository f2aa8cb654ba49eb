//! Why a chore did not succeed, in a sentence that says what to do.

use std::fmt;

/// A chore that did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The check ran and the answer is no.
    Refused,
    /// The command line was not understood.
    Usage,
    /// The check could not be made.
    CouldNot,
}

impl Failure {
    /// The check ran and found something.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::Refused }
    }

    /// The command line was not understood.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::Usage }
    }

    /// The check could not be made: a file or a program is missing.
    pub(crate) fn could_not(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::CouldNot }
    }

    /// The same numbers that `jeton` itself ends with: 1 the answer is no, 2 usage, 3 could not.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::CouldNot => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
