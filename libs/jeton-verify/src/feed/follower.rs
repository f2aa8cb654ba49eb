//! One event of the feed after another.

use std::fmt;

use jeton_jose::jwk::VerifyingKeys;
use jeton_oauth::Issuer;
use jeton_oauth::feed::{Change, CompactJws, Cursor, FeedEvent, SignedNote};

use crate::checkpoint::{LedgerKey, Witness};
use crate::clock::Reading;
use crate::feed::assembly::{Assembly, Refusal};
use crate::feed::knowledge::Knowledge;
use crate::fold::Folded;
use crate::staleness::Trust;

/// Negatives are kept for so long after whatever they speak of has expired, by the ledger's time and by ours, so that no clock brings it
/// back.
const KEPT_SECONDS: i64 = 24 * 3600;
/// How often that is looked after.
const FORGET_EVERY_SECONDS: i64 = 600;

/// Where a verifier stands in the feed. What it learns goes to a [`Knowledge`].
#[derive(Debug)]
pub struct Follower {
    issuer: Issuer,
    /// How far a checkpoint's time may lie behind our clock and still be a heartbeat.
    lag_seconds: i64,
    /// What the knowledge holds goes up to here; it never goes back within an incarnation.
    known: Option<Cursor>,
    /// A tail cannot be followed from there any more.
    needs_snapshot: bool,
    ledger_key: Option<LedgerKey>,
    witness: Witness,
    snapshot: Option<Snapshot>,
    forgot_at: i64,
}

/// A snapshot on its way into the knowledge.
#[derive(Debug)]
enum Snapshot {
    /// Parts are missing.
    Arriving(Assembly),
    /// It is complete, but older than what is known: it takes in the tail, aside, until it is not.
    CatchingUp(Assembly),
}

/// What an event brought with it, beside negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The verifier knows all up to the server's last heartbeat.
    pub heard: bool,
    /// A checkpoint from long ago came, which is no heartbeat: the feed is held up on its way, or the clocks differ.
    pub late: bool,
    /// The key set changed at the server: fetch it again.
    pub keys_changed: bool,
    /// A key is revoked: drop it.
    pub key_revoked: bool,
    /// A change of a kind that this version does not know stands in the snapshot; no fresh one would help.
    pub unknown_change: bool,
}

/// Why a connection must be closed and another opened, with [`Follower::last_event_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The snapshot is signed with a key that is not known: fetch the key set first.
    UnknownKey,
    /// A snapshot that the issuer did not sign, or whose parts do not fit.
    Snapshot,
    /// An event that does not follow the one before.
    Disorder,
    /// Something that this version does not know.
    UnknownChange,
    /// A checkpoint that the ledger's key did not sign.
    Checkpoint,
    /// A ledger that shrank or shows two histories.
    Forked,
}

impl Follower {
    /// Knows nothing yet. `lag_seconds`: a checkpoint whose time lies further behind our clock is no heartbeat.
    #[must_use]
    pub fn new(issuer: Issuer, lag_seconds: i64) -> Self {
        Self {
            issuer,
            lag_seconds,
            known: None,
            needs_snapshot: true,
            ledger_key: None,
            witness: Witness::default(),
            snapshot: None,
            forgot_at: 0,
        }
    }

    /// What to send as `Last-Event-ID`; `None` asks for a snapshot.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&Cursor> {
        self.known.as_ref().filter(|_| !self.needs_snapshot)
    }

    /// Up to where the knowledge goes.
    #[must_use]
    pub const fn known(&self) -> Option<&Cursor> {
        self.known.as_ref()
    }

    /// How many entries the last checkpoint covers.
    #[must_use]
    pub fn checkpoint_size(&self) -> Option<u64> {
        self.witness.last().map(|checkpoint| checkpoint.size)
    }

    /// Whether the tail is followed, with no snapshot on its way.
    #[must_use]
    pub const fn is_synchronised(&self) -> bool {
        self.snapshot.is_none() && !self.needs_snapshot
    }

    /// A connection was opened: what was on its way over another is gone.
    pub fn connected(&mut self) {
        self.snapshot = None;
    }

    /// The next connection starts with a snapshot: the server says that it no longer has what follows the cursor, or it is time for one.
    pub const fn start_over(&mut self) {
        self.needs_snapshot = true;
    }

    /// What came was no feed: something may have been missed.
    pub fn garbled(&mut self, knowledge: &Knowledge) {
        self.needs_snapshot = true;
        doubt(knowledge);
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// [`Fault`]: close the connection. The knowledge was made doubtful where something may have been missed.
    pub fn take(&mut self, event: &FeedEvent, keys: &VerifyingKeys, knowledge: &Knowledge, now: &Reading) -> Result<News, Fault> {
        let result = match event {
            FeedEvent::Snapshot { cursor, jws } => self.take_part(cursor, jws, keys, knowledge),
            FeedEvent::Narrowing { narrowing, .. } => self.take_change(&event.cursor(), &narrowing.change, knowledge),
            FeedEvent::Checkpoint { cursor, note } => self.take_checkpoint(cursor, note, knowledge, now),
            FeedEvent::Unknown { cursor, .. } => self.take_change(cursor, &Change::Unknown { kind: String::new() }, knowledge),
        };
        result.inspect_err(|fault| {
            self.snapshot = None;
            self.needs_snapshot = true;
            match fault {
                Fault::Forked => knowledge.set_trust(Trust::Broken),
                Fault::UnknownChange => doubt(knowledge),
                _ => {}
            }
        })
    }

    fn take_part(&mut self, cursor: &Cursor, jws: &CompactJws, keys: &VerifyingKeys, knowledge: &Knowledge) -> Result<News, Fault> {
        let unfinished = match self.snapshot.take() {
            Some(Snapshot::Arriving(unfinished)) => Some(unfinished),
            Some(Snapshot::CatchingUp(_)) | None => None,
        };
        let revoked = |key: &str| knowledge.negatives().is_key_revoked(key);
        let assembly = Assembly::take(unfinished, (cursor, jws), &self.issuer, keys, revoked).map_err(|refusal| match refusal {
            Refusal::UnknownKey => Fault::UnknownKey,
            Refusal::Invalid => Fault::Snapshot,
        })?;
        if !assembly.is_complete() {
            self.snapshot = Some(Snapshot::Arriving(assembly));
            return Ok(News::default());
        }
        Ok(self.take_snapshot(assembly, knowledge))
    }

    /// Takes a complete snapshot into the knowledge, unless that is already further on.
    fn take_snapshot(&mut self, assembly: Assembly, knowledge: &Knowledge) -> News {
        let same_life = self.known.as_ref().is_some_and(|known| known.incarnation == assembly.cursor.incarnation);
        if same_life && self.known.as_ref().is_some_and(|known| assembly.cursor.sequence < known.sequence) {
            self.snapshot = Some(Snapshot::CatchingUp(assembly));
            return News::default();
        }
        if !same_life {
            self.witness = Witness::default();
        }
        knowledge.replace(assembly.negatives);
        if knowledge.trust() != Trust::Broken || !same_life {
            knowledge.set_trust(if assembly.doubtful { Trust::Doubtful } else { Trust::Sound });
        }
        self.known = Some(assembly.cursor);
        self.ledger_key = Some(assembly.ledger_key);
        self.needs_snapshot = false;
        self.snapshot = None;
        // It holds the revoked keys, but not that others came since the key set was fetched.
        News { keys_changed: true, key_revoked: true, unknown_change: assembly.doubtful, ..News::default() }
    }

    fn take_change(&mut self, cursor: &Cursor, change: &Change, knowledge: &Knowledge) -> Result<News, Fault> {
        if let Some(mut behind) = self.take_behind()? {
            follows(&behind.cursor, cursor)?;
            let folded = behind.negatives.apply(change);
            behind.doubtful |= folded == Folded::Unknown;
            behind.cursor = cursor.clone();
            return Ok(merge(self.take_snapshot(behind, knowledge), folded));
        }
        // Before the first snapshot nothing else may come.
        let known = self.known.as_mut().filter(|_| !self.needs_snapshot).ok_or(Fault::Disorder)?;
        follows(known, cursor)?;
        let folded = knowledge.apply(change);
        if folded == Folded::Unknown && knowledge.trust() == Trust::Sound {
            return Err(Fault::UnknownChange);
        }
        *known = cursor.clone();
        Ok(merge(News::default(), folded))
    }

    /// The snapshot that the tail is folded into. Between the parts of one nothing else may come.
    fn take_behind(&mut self) -> Result<Option<Assembly>, Fault> {
        match self.snapshot.take() {
            None => Ok(None),
            Some(Snapshot::CatchingUp(behind)) => Ok(Some(behind)),
            Some(Snapshot::Arriving(_)) => Err(Fault::Disorder),
        }
    }

    fn take_checkpoint(&mut self, cursor: &Cursor, note: &SignedNote, knowledge: &Knowledge, now: &Reading) -> Result<News, Fault> {
        let mut news = News::default();
        if let Some(mut behind) = self.take_behind()? {
            follows(&behind.cursor, cursor)?;
            behind.cursor = cursor.clone();
            news = self.take_snapshot(behind, knowledge);
            if self.snapshot.is_some() {
                return Ok(news);
            }
        }
        let known = self.known.as_mut().filter(|_| !self.needs_snapshot).ok_or(Fault::Disorder)?;
        follows(known, cursor)?;
        let checkpoint = self.ledger_key.as_ref().and_then(|key| key.verify(note.as_str())).ok_or(Fault::Checkpoint)?;
        let time = checkpoint.time_seconds;
        self.witness.see(checkpoint).map_err(|_| Fault::Forked)?;
        *known = cursor.clone();
        if now.seconds().saturating_sub(time) > self.lag_seconds {
            return Ok(News { late: true, ..news });
        }
        // The server's clock may have jumped ahead, or ours.
        let by_both = time.min(now.seconds());
        if by_both.saturating_sub(self.forgot_at) >= FORGET_EVERY_SECONDS {
            knowledge.negatives().forget(by_both.saturating_sub(KEPT_SECONDS));
            self.forgot_at = by_both;
        }
        knowledge.heard(now);
        knowledge.forget_refusals(now, self.lag_seconds);
        Ok(News { heard: true, ..news })
    }
}

fn merge(news: News, folded: Folded) -> News {
    News {
        keys_changed: news.keys_changed || matches!(folded, Folded::KeysChanged | Folded::KeyRevoked),
        key_revoked: news.key_revoked || folded == Folded::KeyRevoked,
        unknown_change: news.unknown_change || folded == Folded::Unknown,
        ..news
    }
}

/// Another incarnation begins with a snapshot, never with a tail.
fn follows(earlier: &Cursor, later: &Cursor) -> Result<(), Fault> {
    let fine = earlier.incarnation == later.incarnation && earlier.sequence <= later.sequence;
    if fine { Ok(()) } else { Err(Fault::Disorder) }
}

/// Something may have been missed; what is broken is not mended by that.
fn doubt(knowledge: &Knowledge) {
    if knowledge.trust() == Trust::Sound {
        knowledge.set_trust(Trust::Doubtful);
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKey => "the snapshot is signed with a key that is not known",
            Self::Snapshot => "the snapshot is not what the issuer signed, or its parts do not fit",
            Self::Disorder => "an event does not follow the one before",
            Self::UnknownChange => "an event is of a kind that this version does not know",
            Self::Checkpoint => "a checkpoint is not signed with the ledger's key",
            Self::Forked => "the ledger shrank or shows two histories",
        })
    }
}

impl std::error::Error for Fault {}
