//! One event of the feed, as the server prints it.

use std::fmt;

use crate::feed::cursor::{Cursor, Incarnation};
use crate::feed::narrowing::Narrowing;

/// An event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// A part of the snapshot that the feed starts with, signed; see [`SnapshotPart`](crate::feed::snapshot::SnapshotPart).
    Snapshot {
        /// The last entry that the snapshot covers.
        cursor: Cursor,
        /// The signed part.
        jws: CompactJws,
    },
    /// A change to apply. Its cursor is the incarnation and the narrowing's own number.
    Narrowing {
        /// Which life of the ledger.
        incarnation: Incarnation,
        /// The change.
        narrowing: Narrowing,
    },
    /// The ledger's signed head, each second: the heartbeat.
    Checkpoint {
        /// The entry up to which all narrowings were sent.
        cursor: Cursor,
        /// The signed note.
        note: SignedNote,
    },
    /// An event that this version does not know. It may take any authority away: fail closed.
    Unknown {
        /// Where it stands.
        cursor: Cursor,
        /// What it calls itself; cut to 64 characters.
        name: String,
    },
}

impl FeedEvent {
    /// What to send back as `Last-Event-ID` once this event was applied.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        match self {
            Self::Snapshot { cursor, .. } | Self::Checkpoint { cursor, .. } | Self::Unknown { cursor, .. } => cursor.clone(),
            Self::Narrowing { incarnation, narrowing } => Cursor { incarnation: incarnation.clone(), sequence: narrowing.sequence },
        }
    }

    /// Appends the event as it travels. An unknown one prints nothing: nobody may send what it does not know.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let name = match self {
            Self::Snapshot { .. } => "snapshot",
            Self::Narrowing { .. } => "narrowing",
            Self::Checkpoint { .. } => "checkpoint",
            Self::Unknown { .. } => return,
        };
        out.extend_from_slice(format!("event: {name}\nid: {}\n", self.cursor()).as_bytes());
        match self {
            Self::Snapshot { jws, .. } => push_data(jws.as_str().as_bytes(), out),
            Self::Checkpoint { note, .. } => note.as_str().split('\n').for_each(|line| push_data(line.as_bytes(), out)),
            Self::Narrowing { narrowing, .. } => match serde_json::to_vec(narrowing) {
                Ok(json) => push_data(&json, out),
                // Printing to memory does not fail; if it ever does, half an event must not go out.
                Err(_) => return out.truncate(start),
            },
            Self::Unknown { .. } => {}
        }
        out.push(b'\n');
    }

    /// The event as it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

fn push_data(line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(line);
    out.push(b'\n');
}

/// A JWS in compact form, by its looks: three parts of base64url. Its signature is checked elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct CompactJws(String);

impl CompactJws {
    /// The longest one that fits an event, in bytes.
    pub const MAX_LEN: usize = 1000 * 1024;

    /// Takes a JWS.
    ///
    /// # Errors
    /// It is too long or does not look like one.
    pub fn parse(text: String) -> Result<Self, NotForTheFeed> {
        let base64url =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let fine = text.len() <= Self::MAX_LEN && text.split('.').count() == 3 && text.split('.').all(base64url);
        if fine { Ok(Self(text)) } else { Err(NotForTheFeed) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CompactJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompactJws({} bytes)", self.0.len())
    }
}

/// A signed note (C2SP `signed-note`), by its looks: lines of text, the last one ended. Its signature is checked elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote(String);

impl SignedNote {
    /// The longest note, in bytes.
    pub const MAX_LEN: usize = 64 * 1024;

    /// Takes a note.
    ///
    /// # Errors
    /// It is too long, holds a control character other than the newline, or its last line is not ended.
    pub fn parse(text: String) -> Result<Self, NotForTheFeed> {
        let control = |character: char| character.is_control() && character != '\n';
        let fine = text.len() <= Self::MAX_LEN && text.ends_with('\n') && !text.contains(control);
        if fine { Ok(Self(text)) } else { Err(NotForTheFeed) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text cannot travel in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotForTheFeed;

impl fmt::Display for NotForTheFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is too long or not of the form that the feed carries")
    }
}

impl std::error::Error for NotForTheFeed {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::narrowing::Change;

    #[test]
    fn prints() {
        fn check(event: &FeedEvent, expected: &str) {
            assert_eq!(String::from_utf8(event.to_bytes()).unwrap(), expected);
        }
        let cursor = Cursor::parse("a1.7").unwrap();
        let jws = CompactJws::parse("a.b.c".into()).unwrap();
        check(&FeedEvent::Snapshot { cursor: cursor.clone(), jws }, "event: snapshot\nid: a1.7\ndata: a.b.c\n\n");
        let note = SignedNote::parse("jeton\n7\n\n— name sig\n".into()).unwrap();
        check(
            &FeedEvent::Checkpoint { cursor: cursor.clone(), note },
            "event: checkpoint\nid: a1.7\ndata: jeton\ndata: 7\ndata: \ndata: — name sig\ndata: \n\n",
        );
        let narrowing = Narrowing { sequence: 8, at_micros: 1, change: Change::SigningKeysChanged };
        check(
            &FeedEvent::Narrowing { incarnation: cursor.incarnation.clone(), narrowing },
            "event: narrowing\nid: a1.8\ndata: {\"sequence\":8,\"at_micros\":1,\"kind\":\"signing_keys_changed\"}\n\n",
        );
        check(&FeedEvent::Unknown { cursor, name: "x\ny".into() }, "");
    }

    #[test]
    fn texts_are_checked() {
        for (text, fine) in
            [("a.b.c", true), ("A-_.0.z", true), ("a.b", false), ("a.b.c.d", false), ("a..c", false), ("a.b.c\n", false), ("", false)]
        {
            assert_eq!(CompactJws::parse(text.into()).is_ok(), fine, "{text:?}");
        }
        assert!(CompactJws::parse(format!("a.b.{}", "c".repeat(CompactJws::MAX_LEN))).is_err());
        for (text, fine) in [("a\n", true), ("\n", true), ("a", false), ("", false), ("a\r\n", false), ("a\0\n", false), ("a\tb\n", false)]
        {
            assert_eq!(SignedNote::parse(text.into()).is_ok(), fine, "{text:?}");
        }
        assert!(SignedNote::parse("\n".repeat(SignedNote::MAX_LEN + 1)).is_err());
    }
}
