//! What can be wrong with an object of a backup, and what to do about it.

use std::fmt;

/// Something is wrong with an object: its name, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The object's name on its target.
    pub name: String,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is not there.
    Missing,
    /// It ends before its end.
    CutOff,
    /// Its bytes are not what was written.
    Damaged(String),
    /// The identity opens nothing of it.
    WrongIdentity,
    /// It was not written by a server with this root key, or it was written under another name.
    Forged,
    /// It was sealed under an epoch of the root key that is not in the file.
    UnknownEpoch(u16),
    /// It was written by a newer version.
    Newer(u64),
    /// It would unpack to more than any object may have.
    TooLarge,
    /// The target refused, or did not answer.
    Target(String),
}

impl Problem {
    /// What is wrong with an object.
    #[must_use]
    pub fn new(name: &str, what: What) -> Problem {
        Problem { name: name.into(), what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.what {
            What::Missing => write!(formatter, "{name} is not there"),
            What::CutOff => write!(formatter, "{name} is cut off: it ends before its last line"),
            What::Damaged(detail) => write!(formatter, "{name} is damaged: {detail}"),
            What::WrongIdentity => write!(formatter, "{name} does not open with this identity: it was sealed for others"),
            What::Forged => {
                write!(
                    formatter,
                    "{name} was not written with this root key, or not under this name: take the root file of that deployment"
                )
            }
            What::UnknownEpoch(epoch) => write!(formatter, "{name} needs epoch {epoch} of the root key: take the newest root file"),
            What::Newer(version) => write!(formatter, "{name} has version {version} of the format: take the newer `jeton` that wrote it"),
            What::TooLarge => write!(formatter, "{name} unpacks to more than an object may have: Jeton did not write it"),
            What::Target(detail) => write!(formatter, "{name}: {detail}"),
        }
    }
}

impl std::error::Error for Problem {}
