//! The feed of revocations that verifiers follow: `GET /api/v1/revocations/feed`, Server-Sent Events (HTML Standard, section 9.2).
//!
//! It starts with a [`SnapshotPart`] or several, then carries each [`Narrowing`] as it happens and, each second, a signed
//! checkpoint, which is also the heartbeat. Every event's `id` is a [`Cursor`], sent back as `Last-Event-ID` to go on from there.
//!
//! Whatever a verifier does not understand it must treat as a narrowing that it cannot apply: [`Change::Unknown`],
//! [`FeedEvent::Unknown`] and every [`FeedError`] mean that what it knows is no longer enough.

pub mod cursor;
pub mod event;
pub mod narrowing;
pub mod parser;
pub mod snapshot;

pub use cursor::{Cursor, Incarnation};
pub use event::{CompactJws, FeedEvent, SignedNote};
pub use narrowing::{Change, Narrowing, Subject, SubjectId};
pub use parser::{FeedError, FeedParser};
pub use snapshot::SnapshotPart;

/// The content type of the feed.
pub const CONTENT_TYPE: &str = "text/event-stream";
