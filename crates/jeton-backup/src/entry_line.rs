//! Entries of the ledger, heads and marks of the tail, as lines.

use jeton_core::commit::Sequence;
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_store::ledger::entry::Content;
use jeton_store::ledger::{Entry, Hash, Head};
use serde::{Deserialize, Serialize};

use crate::object::{Hexadecimal, from_hexadecimal, hexadecimal};

/// An entry as a line.
#[derive(Serialize)]
struct EntryShown<'a> {
    entry: Sequence,
    time: i64,
    kind: &'a str,
    commit: Hexadecimal<'a>,
    commitment: Hexadecimal<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<Hexadecimal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
}

/// The same, read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryPlain {
    entry: Sequence,
    time: i64,
    kind: String,
    commit: String,
    commitment: String,
    salt: Option<String>,
    payload: Option<String>,
}

/// Where the ledger ended when an object was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLine {
    /// How many entries there were.
    pub size: Sequence,
    /// The time of the last one, in microseconds.
    pub time: i64,
    /// The incarnation, in hexadecimal.
    pub incarnation: String,
    /// The Merkle root over the entries, in hexadecimal.
    pub root: String,
}

impl HeadLine {
    /// The line of a head.
    #[must_use]
    pub fn of(head: &Head) -> HeadLine {
        HeadLine {
            size: head.size,
            time: head.time.micros(),
            incarnation: hexadecimal(&head.incarnation),
            root: hexadecimal(&head.frontier.root()),
        }
    }

    /// The root; `None` where it is none.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        from_hexadecimal(&self.root)
    }

    /// The incarnation; `None` where it is none.
    #[must_use]
    pub fn incarnation(&self) -> Option<[u8; 16]> {
        from_hexadecimal(&self.incarnation)
    }
}

/// Writes an entry as a line, without its end.
///
/// # Errors
/// When its payload is no text: canonical JSON is.
pub(crate) fn write(text: &mut Vec<u8>, entry: &Entry) -> Result<(), String> {
    let payload = |content| std::str::from_utf8(content).map_err(|error| error.to_string());
    let shown = EntryShown {
        entry: entry.sequence,
        time: entry.time.micros(),
        kind: &entry.kind,
        commit: Hexadecimal(&entry.commit.0),
        commitment: Hexadecimal(&entry.commitment),
        salt: entry.content.as_ref().map(|content| Hexadecimal(&content.salt)),
        payload: entry.content.as_ref().map(|content| payload(&content.payload)).transpose()?,
    };
    serde_json::to_writer(text, &shown).map_err(|error| error.to_string())
}

/// Reads an entry's line.
pub(crate) fn parse(line: &str) -> Result<Entry, String> {
    let plain: EntryPlain = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let no_hexadecimal = || "a member is not hexadecimal of its length".to_string();
    let content = match (plain.salt, plain.payload) {
        (Some(salt), Some(payload)) => {
            Some(Content { salt: from_hexadecimal(&salt).ok_or_else(no_hexadecimal)?, payload: payload.into_bytes() })
        }
        (None, None) => None,
        _ => return Err("an entry has salt and payload, or neither".into()),
    };
    Ok(Entry {
        sequence: plain.entry,
        time: Time::from_micros(plain.time),
        kind: plain.kind,
        commit: CommitId(from_hexadecimal(&plain.commit).ok_or_else(no_hexadecimal)?),
        commitment: from_hexadecimal(&plain.commitment).ok_or_else(no_hexadecimal)?,
        content,
    })
}
