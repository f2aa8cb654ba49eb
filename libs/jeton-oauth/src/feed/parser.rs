//! Reads the feed as it arrives, in whatever pieces.

use std::fmt;

use crate::feed::cursor::Cursor;
use crate::feed::event::{CompactJws, FeedEvent, SignedNote};
use crate::feed::narrowing::Narrowing;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Turns bytes into events. It keeps no more than one unfinished event, and stops for good at the first error.
#[derive(Debug, Default)]
pub struct FeedParser {
    /// The unfinished line.
    line: Vec<u8>,
    /// The last byte was a carriage return: a newline right after it belongs to it.
    after_return: bool,
    /// A line was read already, so no byte order mark can follow.
    begun: bool,
    event: Unfinished,
    failed: Option<FeedError>,
}

/// The fields of the event that is being read.
#[derive(Debug, Default)]
struct Unfinished {
    name: Option<String>,
    id: Option<String>,
    /// The lines of data, each ended by a newline.
    data: String,
}

impl FeedParser {
    /// The most bytes an event may take.
    pub const MAX_EVENT_LEN: usize = 1024 * 1024;

    /// A parser at the start of a feed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and appends the events that they complete.
    ///
    /// # Errors
    /// The bytes are no such feed: the connection must be closed and what is known treated as outdated. Events before the fault were
    /// appended; every further call gives the same error.
    pub fn feed(&mut self, mut bytes: &[u8], events: &mut Vec<FeedEvent>) -> Result<(), FeedError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while !bytes.is_empty() {
            match self.take_line(bytes, events) {
                Ok(rest) => bytes = rest,
                Err(error) => {
                    *self = Self { failed: Some(error), ..Self::default() };
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Takes bytes up to the end of a line, or all of them, and gives what is left.
    fn take_line<'b>(&mut self, bytes: &'b [u8], events: &mut Vec<FeedEvent>) -> Result<&'b [u8], FeedError> {
        let bytes = match bytes.strip_prefix(b"\n") {
            Some(rest) if std::mem::take(&mut self.after_return) => return Ok(rest),
            _ => bytes,
        };
        self.after_return = false;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if self.line.len() + piece.len() + self.event.data.len() > Self::MAX_EVENT_LEN {
            return Err(FeedError::TooLong);
        }
        self.line.extend_from_slice(piece);
        let Some((terminator, rest)) = rest.split_first() else { return Ok(rest) };
        self.after_return = *terminator == b'\r';
        let mut line = std::mem::take(&mut self.line);
        let first = !std::mem::replace(&mut self.begun, true);
        let text = if first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
        if text.is_empty() {
            events.extend(std::mem::take(&mut self.event).finish()?);
        } else {
            self.event.field(std::str::from_utf8(text).map_err(|_| FeedError::NotUtf8)?);
        }
        line.clear();
        self.line = line;
        Ok(rest)
    }
}

impl Unfinished {
    /// Takes a line that is not empty.
    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.name = Some(value.to_owned()),
            "id" => self.id = Some(value.to_owned()),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            // Comments have an empty name; other fields are for later versions of the transport, not of the feed.
            _ => {}
        }
    }

    /// The event, when an empty line has ended it; `None` if there was none between two empty lines.
    fn finish(self) -> Result<Option<FeedEvent>, FeedError> {
        let Self { name, id, mut data } = self;
        if name.is_none() && data.is_empty() {
            return Ok(None);
        }
        if data.pop().is_none() {
            return Err(FeedError::Malformed);
        }
        let cursor = Cursor::parse(&id.ok_or(FeedError::NoCursor)?).map_err(|_| FeedError::NoCursor)?;
        let event = match name.as_deref() {
            Some("snapshot") => FeedEvent::Snapshot { cursor, jws: CompactJws::parse(data).map_err(|_| FeedError::Malformed)? },
            Some("checkpoint") => FeedEvent::Checkpoint { cursor, note: SignedNote::parse(data).map_err(|_| FeedError::Malformed)? },
            Some("narrowing") => {
                let narrowing: Narrowing = serde_json::from_str(&data).map_err(|_| FeedError::Malformed)?;
                if narrowing.sequence != cursor.sequence {
                    return Err(FeedError::Malformed);
                }
                FeedEvent::Narrowing { incarnation: cursor.incarnation, narrowing }
            }
            other => FeedEvent::Unknown { cursor, name: other.unwrap_or_default().chars().take(64).collect() },
        };
        Ok(Some(event))
    }
}

/// Why bytes are no feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedError {
    /// An event over [`FeedParser::MAX_EVENT_LEN`].
    TooLong,
    /// A line that is not UTF-8.
    NotUtf8,
    /// An event without a cursor.
    NoCursor,
    /// A known event that does not hold what it should.
    Malformed,
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "an event of the feed is too long",
            Self::NotUtf8 => "the feed is not UTF-8",
            Self::NoCursor => "an event of the feed has no cursor",
            Self::Malformed => "an event of the feed is malformed",
        })
    }
}

impl std::error::Error for FeedError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::narrowing::Change;

    fn cursor(text: &str) -> Cursor {
        Cursor::parse(text).unwrap()
    }

    fn checkpoint(at: &str, note: &str) -> FeedEvent {
        FeedEvent::Checkpoint { cursor: cursor(at), note: SignedNote::parse(note.into()).unwrap() }
    }

    fn narrowing(sequence: u64, change: Change) -> FeedEvent {
        FeedEvent::Narrowing { incarnation: cursor("a.0").incarnation, narrowing: Narrowing { sequence, at_micros: 5, change } }
    }

    fn samples() -> Vec<FeedEvent> {
        vec![
            FeedEvent::Snapshot { cursor: cursor("a.1"), jws: CompactJws::parse("a.b.c".into()).unwrap() },
            narrowing(2, Change::SigningKeysChanged),
            checkpoint("a.2", "origin\n2\nroot=\n\n— é sig\n"),
            checkpoint("a.2", "\n\n\n"),
            narrowing(3, Change::Unknown { kind: "new".into() }),
        ]
    }

    fn parse(bytes: &[u8]) -> (Vec<FeedEvent>, Result<(), FeedError>) {
        let (mut parser, mut events) = (FeedParser::new(), Vec::new());
        let result = parser.feed(bytes, &mut events);
        (events, result)
    }

    #[test]
    fn any_chunking_gives_the_same_events() {
        let wire: Vec<u8> = samples().iter().flat_map(FeedEvent::to_bytes).collect();
        for terminator in ["\n", "\r\n", "\r"] {
            let wire = String::from_utf8(wire.clone()).unwrap().replace('\n', terminator).into_bytes();
            for size in 1..wire.len() {
                let (mut parser, mut events) = (FeedParser::new(), Vec::new());
                for chunk in wire.chunks(size) {
                    parser.feed(chunk, &mut events).unwrap();
                }
                assert_eq!(events, samples(), "chunks of {size}, lines ended by {terminator:?}");
            }
        }
    }

    #[test]
    fn reads_what_the_transport_allows() {
        fn check(bytes: &str, expected: &[FeedEvent]) {
            assert_eq!(parse(bytes.as_bytes()), (expected.to_vec(), Ok(())), "{bytes:?}");
        }
        let one = checkpoint("a.1", "x\n");
        check("", &[]);
        check("\n\n\n", &[]);
        check(": comment\n\nretry: 5\n\nid: a.1\n\n", &[]);
        check("\u{feff}event: checkpoint\nid: a.1\ndata: x\ndata:\n\n", std::slice::from_ref(&one));
        check("event:checkpoint\nid:a.1\ndata:x\ndata\n\n", std::slice::from_ref(&one));
        check(":\ndata: x\n: between\ndata: \nnew: field\nid: a.1\nevent: checkpoint\n\n", std::slice::from_ref(&one));
        check("event: checkpoint\nid: a.1\ndata: x\ndata: \n", &[]);
        check("event: planet\nid: a.1\ndata: x\n\n", &[FeedEvent::Unknown { cursor: cursor("a.1"), name: "planet".into() }]);
        check("id: a.1\ndata: x\n\n", &[FeedEvent::Unknown { cursor: cursor("a.1"), name: String::new() }]);
    }

    #[test]
    fn refuses_for_good() {
        fn check(bytes: &[u8], expected: FeedError) {
            let (mut parser, mut events) = (FeedParser::new(), Vec::new());
            assert_eq!(parser.feed(bytes, &mut events), Err(expected), "{:?}", String::from_utf8_lossy(bytes).get(..80));
            assert_eq!(parser.feed(&samples()[0].to_bytes(), &mut events), Err(expected));
            assert_eq!(events, []);
        }
        check(b"event: checkpoint\ndata: x\ndata:\n\n", FeedError::NoCursor);
        check(b"event: checkpoint\nid: 1\ndata: x\ndata:\n\n", FeedError::NoCursor);
        check(b"event: planet\nid: a.\ndata: x\n\n", FeedError::NoCursor);
        check(b"event: checkpoint\nid: a.1\n\n", FeedError::Malformed);
        check(b"event: checkpoint\nid: a.1\ndata: x\n\n", FeedError::Malformed);
        check(b"event: snapshot\nid: a.1\ndata: x\n\n", FeedError::Malformed);
        check(b"event: narrowing\nid: a.1\ndata: {}\n\n", FeedError::Malformed);
        check(
            b"event: narrowing\nid: a.2\ndata: {\"sequence\":1,\"at_micros\":1,\"kind\":\"signing_keys_changed\"}\n\n",
            FeedError::Malformed,
        );
        check(b"data: \xff\n", FeedError::NotUtf8);
        check(&[b'x'; FeedParser::MAX_EVENT_LEN + 1], FeedError::TooLong);
        check(&b"data: 0123456789\n".repeat(200_000), FeedError::TooLong);
    }

    #[test]
    fn events_before_a_fault_count() {
        let mut bytes = samples()[1].to_bytes();
        bytes.extend_from_slice(b"event: narrowing\n\n");
        assert_eq!(parse(&bytes), (vec![samples().remove(1)], Err(FeedError::Malformed)));
    }

    #[test]
    fn a_long_feed_keeps_no_more_than_an_event() {
        let (mut parser, mut events) = (FeedParser::new(), Vec::new());
        for _ in 0..3 {
            parser.feed(&samples()[2].to_bytes().repeat(20_000), &mut events).unwrap();
            assert_eq!(events.len(), 20_000);
            events.clear();
            assert!(parser.line.capacity() < 1024 && parser.event.data.capacity() < 1024);
        }
    }
}
