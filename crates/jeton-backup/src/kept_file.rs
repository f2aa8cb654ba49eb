//! What a manifest says of the files that went with a snapshot: its second line, which a program that knows nothing of it goes past.

use serde::{Deserialize, Serialize};

use crate::told_erasures::ToldErasure;

/// The line; whoever knows nothing of a member leaves it out.
#[derive(Serialize, Deserialize)]
pub(crate) struct FilesLine {
    pub(crate) files: Vec<KeptFile>,
    /// What was erased until then, as the ledger tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) erasures: Vec<ToldErasure>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// The configuration.
    Configuration,
    /// Requests, a line each.
    AccessLog,
    /// What a newer program knows.
    #[serde(other)]
    Other,
}

/// A file that went with a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// What it is.
    pub file: FileKind,
    /// Where it lay in the data folder; of one that lay elsewhere its name.
    pub path: String,
    /// The folder of one that lay elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// How many bytes of it were taken up.
    pub bytes: u64,
    /// When it was written last, in seconds.
    pub modified_at_seconds: i64,
    /// Whether nothing comes to it any more.
    pub finished: bool,
    /// Its bytes, in order.
    pub parts: Vec<FilePart>,
    /// Why it is not here, or not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Its name on the target: an earlier snapshot may have put it there.
    pub name: String,
    /// How many bytes it has there.
    pub bytes: u64,
    /// SHA-256 of those, in hexadecimal.
    pub sha256: String,
    /// Whether its lines are base64 of the file's bytes, which are no text, instead of the file's lines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base64: bool,
}
