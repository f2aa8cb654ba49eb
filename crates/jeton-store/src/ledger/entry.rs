//! Entries, and the bytes that their hashes cover (version 1 of the format; `docs/ledger.md` has the vectors).

use aws_lc_rs::digest::{Context, SHA256};
use jeton_core::commit::Sequence;
use jeton_core::event::{Encoded, Event, UnknownEvent};
use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Table, Value};

use super::merkle::{Hash, LEAF_PREFIX};

/// The version of the format, the first byte after the leaf prefix.
pub const FORMAT_VERSION: u8 = 1;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 0.
    pub sequence: Sequence,
    /// When: never before the entry before it.
    pub time: Time,
    /// What happened, by name.
    pub kind: String,
    /// The commit it belongs to.
    pub commit: CommitId,
    /// H(salt ‖ payload): stays when payload and salt are erased.
    pub commitment: Hash,
    /// The salt and the canonical payload; `None` once erased.
    pub content: Option<Content>,
}

/// What an erasure deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Random, so that a commitment does not betray a guessed payload.
    pub salt: [u8; 16],
    /// Canonical JSON.
    pub payload: Vec<u8>,
}

impl Content {
    /// From a row of [`CONTENT`](jeton_core::schema::CONTENT); `None` where it is none.
    #[must_use]
    pub fn from_row(row: &Row) -> Option<Content> {
        let salt = row.get(1)?.as_bytes()?.try_into().ok()?;
        Some(Content { salt, payload: row.get(2)?.as_text()?.as_bytes().to_vec() })
    }
}

impl Entry {
    /// The entry that tells `event`.
    #[must_use]
    pub fn new(sequence: Sequence, time: Time, commit: CommitId, event: Encoded, salt: [u8; 16]) -> Entry {
        let Encoded { kind, payload } = event;
        Entry { sequence, time, kind, commit, commitment: commitment(&salt, &payload), content: Some(Content { salt, payload }) }
    }

    /// The leaf: H(0x00 ‖ version ‖ sequence ‖ time ‖ length of kind ‖ kind ‖ commitment), integers big-endian.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(&[LEAF_PREFIX, FORMAT_VERSION]);
        context.update(&self.sequence.to_be_bytes());
        context.update(&self.time.micros().to_be_bytes());
        // A kind is a short name of ours; a damaged, longer one only has to hash to something else.
        context.update(&u16::try_from(self.kind.len()).unwrap_or(u16::MAX).to_be_bytes());
        context.update(self.kind.as_bytes());
        context.update(&self.commitment);
        finish(context)
    }

    /// The event it tells; `None` once erased.
    ///
    /// # Errors
    /// [`UnknownEvent`] when this program does not know the kind.
    pub fn event(&self) -> Result<Option<Event>, UnknownEvent> {
        self.content.as_ref().map(|content| Event::decode(&self.kind, &content.payload)).transpose()
    }
}

/// H(salt ‖ payload).
#[must_use]
pub fn commitment(salt: &[u8; 16], payload: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(payload);
    finish(context)
}

/// The leaf of an issued row in its group's subtree: H(0x00 ‖ version ‖ row), the row encoded by [`encode_row`].
#[must_use]
pub fn issued_leaf(table: &Table, row: &Row) -> Hash {
    issued_leaf_in(&mut Vec::with_capacity(256), table, row)
}

/// The same, with room for the row's bytes that a reader of many rows keeps from one to the next.
#[must_use]
pub fn issued_leaf_in(room: &mut Vec<u8>, table: &Table, row: &Row) -> Hash {
    room.clear();
    room.extend_from_slice(&[LEAF_PREFIX, FORMAT_VERSION]);
    encode_row(table, row, room);
    let mut leaf = [0; 32];
    leaf.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, room).as_ref());
    leaf
}

/// The canonical bytes of a row: the table's name, then each value as a tag (0 null, 1 int, 2 text, 3 bytes) and its content; an int is
/// 8 bytes big-endian, text and bytes follow their length in 4 bytes big-endian. Nulls at the end are left out, so that a column added
/// later does not change the bytes of the rows that lack it.
pub fn encode_row(table: &Table, row: &Row, encoded: &mut Vec<u8>) {
    sized(2, table.name.as_bytes(), encoded);
    let length = row.iter().rposition(|value| *value != Value::Null).map_or(0, |last| last + 1);
    for value in row.iter().take(length) {
        match value {
            Value::Null => encoded.push(0),
            Value::Int(int) => {
                encoded.push(1);
                encoded.extend_from_slice(&int.to_be_bytes());
            }
            Value::Text(text) => sized(2, text.as_bytes(), encoded),
            Value::Bytes(bytes) => sized(3, bytes, encoded),
            Value::Id(id) => sized(3, id, encoded),
            Value::Hash(hash) => sized(3, hash, encoded),
        }
    }
}

fn sized(tag: u8, content: &[u8], encoded: &mut Vec<u8>) {
    encoded.push(tag);
    encoded.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    encoded.extend_from_slice(content);
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
