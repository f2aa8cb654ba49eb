//! What a snapshot consists of, and how far one has come that is not done.

use std::collections::BTreeMap;

use jeton_core::commit::Sequence;
use serde::{Deserialize, Serialize};

use crate::entry_line::HeadLine;

/// What a snapshot consists of: written last, so that a snapshot is whole or is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name.
    pub snapshot: String,
    /// The program that wrote it.
    pub program: String,
    /// When it began, in seconds.
    pub began_at_seconds: i64,
    /// When it was done, in seconds.
    pub ended_at_seconds: i64,
    /// The sequence from which on changes are in it beside the rows: rows may be as early as this.
    pub from: Sequence,
    /// Where the ledger stood at its end: rows and changes together are of then.
    pub head: HeadLine,
    /// Its parts, in the order to read them.
    pub parts: Vec<Part>,
    /// How many rows of each table are in it.
    pub rows: BTreeMap<String, u64>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name on the target.
    pub name: String,
    /// How many bytes it has there.
    pub bytes: u64,
    /// SHA-256 of those, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// How many bytes its parts have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}
