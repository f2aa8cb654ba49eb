//! The server's end of the feeds, as `jeton-http` serves them: a snapshot or a tail, then what happens, and each checkpoint.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jeton_core::checkpoint::SignedCheckpoint;
use jeton_oauth::feed::{Cursor, FeedEvent, Incarnation, SignedNote};
use jeton_service::Service;
use jeton_service::feed::{Next, cursor};

use crate::breakage::Breakage;

/// One verifier's feed.
pub(crate) struct Broadcast {
    /// Whose.
    pub(crate) verifier: usize,
    /// Over which of its connections.
    pub(crate) connection: u64,
    audience: Arc<str>,
    incarnation: Incarnation,
    next: u64,
    sent: u64,
    shown: Option<Arc<SignedCheckpoint>>,
    breakage: Option<Breakage>,
}

/// Bytes to send at a place of the stream, and the entry up to which all has been told with them.
pub(crate) struct Chunk {
    /// Where in the stream.
    pub(crate) offset: u64,
    /// What.
    pub(crate) bytes: Bytes,
    /// Up to which entry.
    pub(crate) completes: u64,
}

impl Broadcast {
    /// Begins a feed. `None`: the cursor is not taken (410).
    ///
    /// # Errors
    /// When no snapshot can be taken.
    pub(crate) fn begin(
        service: &Service,
        (verifier, connection): (usize, u64),
        audience: &str,
        last: Option<&Cursor>,
        breakage: Option<Breakage>,
    ) -> Result<Option<(Broadcast, Chunk)>, String> {
        let moment = service.moments().now();
        let audience: Arc<str> = Arc::from(audience);
        let incarnation = service.feed().incarnation().ok_or("the feed has not begun")?;
        if last.is_some_and(|at| service.wants_refill(&at.incarnation, at.sequence + 1)) {
            // A ledger that cannot be read now is read by the next one that comes.
            let _ = service.refill_feed();
        }
        let (bytes, next) = match last {
            None => {
                let last = service.last_snapshot(&audience);
                let taken = last.map_or_else(|| service.take_snapshot(&audience, &moment), Ok);
                let snapshot = taken.map_err(|failure| failure.to_string())?;
                (Bytes::from(snapshot.events.concat()), snapshot.next)
            }
            Some(at) if matches!(service.feed().next(&at.incarnation, at.sequence + 1, &audience), Next::Events(..)) => {
                (Bytes::from_static(b":\n\n"), at.sequence + 1)
            }
            Some(_) => return Ok(None),
        };
        let mut broadcast = Broadcast { verifier, connection, audience, incarnation, next, sent: 0, shown: None, breakage };
        let chunk = broadcast.chunk(bytes);
        Ok(Some((broadcast, chunk)))
    }

    /// What is to be sent now; `None` when there is nothing, an error when the stream ends.
    ///
    /// # Errors
    /// When the feed cannot go on from where it stands.
    pub(crate) fn more(&mut self, service: &Service) -> Result<Option<Chunk>, ()> {
        let Next::Events(mut events, end, _) = service.feed().next(&self.incarnation, self.next, &self.audience) else { return Err(()) };
        self.next = end;
        if self.breakage == Some(Breakage::SkipsEvents) && end % 3 == 0 {
            events.clear();
        }
        let checkpoint = service.checkpoints().borrow().clone();
        let is_new = checkpoint.is_some() && checkpoint.as_ref().map(Arc::as_ptr) != self.shown.as_ref().map(Arc::as_ptr);
        let mut bytes = BytesMut::from(&*events.concat());
        if let (true, Some(checkpoint)) = (is_new, checkpoint) {
            if let Ok(note) = SignedNote::parse(checkpoint.note.to_string()) {
                bytes.extend_from_slice(&FeedEvent::Checkpoint { cursor: cursor(&self.incarnation, self.next), note }.to_bytes());
            }
            self.shown = Some(checkpoint);
        }
        Ok((!bytes.is_empty()).then(|| self.chunk(bytes.freeze())))
    }

    fn chunk(&mut self, bytes: Bytes) -> Chunk {
        let offset = self.sent;
        self.sent += bytes.len() as u64;
        Chunk { offset, bytes, completes: self.next.saturating_sub(1) }
    }
}
