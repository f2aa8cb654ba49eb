//! What a snapshot consists of, and how far one has come that is not done.

use std::collections::BTreeMap;

use jeton_core::commit::Sequence;
use serde::{Deserialize, Serialize};

use crate::entry_line::HeadLine;
use crate::kept_file::KeptFile;
use crate::told_erasures::ToldErasure;
use crate::usage_sum::Sum;

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
    /// Of each table of usage, what there was as it was read.
    #[serde(default)]
    pub usage: BTreeMap<String, Sum>,
    /// The server's own identity, sealed under the root key, in hexadecimal: a server that goes on from a restore opens what is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_identity: Option<String>,
    /// What was planted for a drill to find; `None`: nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canaries: Option<Canaries>,
    /// What was erased until then, as its ledger tells it: a line of their own.
    #[serde(skip)]
    pub erasures: Vec<ToldErasure>,
    /// The files that went with it: a line of their own.
    #[serde(skip)]
    pub files: Vec<KeptFile>,
}

/// The ids of three tokens that nobody holds, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canaries {
    /// One that was revoked before the snapshot began.
    pub revoked_before: String,
    /// One that was revoked once it was there: only the tail tells of it.
    pub revoked_after: String,
    /// One that was never revoked: what is refused must not be refused with all the rest.
    pub kept: String,
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
