//! Segments that become one.

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;

use super::bounds::Bounds;
use super::same::Content;
use crate::content_line::JoinedLine;
use crate::failure::Failure;
use crate::names::Segment;
use crate::seal::Lines;
use crate::segments::Stored;

#[derive(Default)]
pub(super) struct Group {
    parts: Vec<Segment>,
    /// Where they begin and end.
    places: Vec<Sequence>,
    text: String,
    count: u64,
    began: Option<Time>,
    /// How the last of them was shipped, and where the ledger ended then.
    mode: String,
    head: Option<String>,
}

/// How many places a segment names at most.
const PLACES: usize = 16_384;

impl Group {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Where the first begins.
    pub(super) fn from(&self) -> Option<Sequence> {
        self.parts.first().map(|first| first.from)
    }

    pub(super) fn parts(&self) -> Vec<Segment> {
        self.parts.clone()
    }

    /// Whether another may be one of them.
    pub(super) fn has_room(&self, content: &Content, bounds: &Bounds) -> bool {
        let began = self.began.unwrap_or(content.first);
        self.parts.is_empty()
            || self.parts.len() < bounds.most
                && self.text.len().saturating_add(content.text.len()) <= bounds.bytes
                && self.places.len().saturating_add(content.joined.len()) < PLACES
                && content.last.seconds().saturating_sub(began.seconds()) <= bounds.seconds
    }

    pub(super) fn take(&mut self, stored: &Stored, content: Content) {
        let Segment { from, to, .. } = stored.segment;
        self.parts.push(stored.segment);
        self.places.extend([from].iter().chain(&content.joined).chain(&[to]));
        self.places.dedup();
        self.text.push_str(&content.text);
        self.count += content.count;
        self.began.get_or_insert(content.first);
        (self.mode, self.head) = (content.mode, content.head);
    }

    pub(super) fn segment(&self, incarnation: [u8; 16]) -> Segment {
        let place = |segment: Option<&Segment>, of: fn(&Segment) -> Sequence| segment.map_or(0, of);
        Segment { incarnation, from: place(self.parts.first(), |first| first.from), to: place(self.parts.last(), |last| last.to) }
    }

    /// What it says: what they say, one after the other, and the end of the last.
    pub(super) fn lines(self, mut lines: Lines) -> Result<Lines, Failure> {
        lines.take(vec![self.text.into_bytes()], self.count);
        lines.push(&serde_json::to_string(&JoinedLine { joined: self.places }).map_err(std::io::Error::from)?);
        lines.push(&self.mode);
        if let Some(head) = &self.head {
            lines.push(head);
        }
        Ok(lines)
    }
}
