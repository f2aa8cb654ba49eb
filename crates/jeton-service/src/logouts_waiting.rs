//! Who is to be told that somebody signed out: how far the ledger was read for it, and what was found there.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::{ClientId, PersonId, SessionId};
use jeton_core::session::ended;
use tokio::sync::{self, Notify};

/// How many wait at most: while there are more, the ledger is not read on.
const WAITING_MAX: usize = 4_096;

/// An application that is to be told that a session ended in which it got tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// The entry that ended it.
    pub sequence: Sequence,
    /// The application.
    pub client: ClientId,
    /// The session.
    pub session: SessionId,
    /// Whose it was.
    pub person: PersonId,
}

/// How telling an application went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// It was told.
    Told,
    /// It did not take it, this time.
    Failed,
    /// It was tried for the last time.
    GivenUp,
}

impl LogoutOutcome {
    /// Each of them.
    pub const ALL: [LogoutOutcome; 3] = [LogoutOutcome::Told, LogoutOutcome::Failed, LogoutOutcome::GivenUp];

    /// Its name, in labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LogoutOutcome::Told => "told",
            LogoutOutcome::Failed => "failed",
            LogoutOutcome::GivenUp => "given_up",
        }
    }
}

#[derive(Default)]
pub(crate) struct Logouts {
    place: Mutex<Place>,
    woken: Notify,
    /// Held by whoever reads the ledger: one at a time.
    pub(crate) reading: sync::Mutex<()>,
    counts: [AtomicU64; LogoutOutcome::ALL.len()],
}

#[derive(Default)]
struct Place {
    /// Whether anybody tells: otherwise nothing is read, and nothing waits.
    is_followed: bool,
    /// What is read next.
    next: Sequence,
    /// Behind the last entry that is known to end a session.
    noted: Sequence,
    found: VecDeque<Logout>,
}

impl Logouts {
    /// Takes up what an entry tells. Everything before it was heard of before.
    pub(crate) fn note(&self, sequence: Sequence, event: &Event) {
        if ended::of(event).is_none() {
            return;
        }
        let mut place = self.place();
        if place.is_followed && place.noted <= place.next {
            // Nothing between them ends a session.
            place.next = place.next.max(sequence);
        }
        // Also before anybody follows: whoever begins to may have read the end of the ledger before this.
        place.noted = place.noted.max(sequence + 1);
        self.woken.notify_one();
    }

    /// Begins to read at `from`; the ledger ends at `end`.
    pub(crate) fn follow(&self, from: Sequence, end: Sequence) {
        let mut place = self.place();
        (place.is_followed, place.next) = (true, from);
        place.noted = place.noted.max(end);
        self.woken.notify_one();
    }

    /// Where there is more to read, and room for what is found there.
    pub(crate) fn next(&self) -> Option<Sequence> {
        let place = self.place();
        (place.is_followed && place.next < place.noted && place.found.len() < WAITING_MAX).then_some(place.next)
    }

    /// Takes up what was found before `next`.
    pub(crate) fn found(&self, found: Vec<Logout>, next: Sequence) {
        let mut place = self.place();
        place.found.extend(found);
        place.next = place.next.max(next);
    }

    /// Takes out what was found first, at most so many.
    pub(crate) fn take(&self, limit: usize) -> Vec<Logout> {
        let mut place = self.place();
        let count = place.found.len().min(limit);
        place.found.drain(..count).collect()
    }

    /// Before where all was read and taken, of a ledger that ends at `end`.
    pub(crate) fn done(&self, end: Sequence) -> Sequence {
        let place = self.place();
        let read = if place.next < place.noted { place.next } else { place.next.max(end) };
        place.found.front().map_or(read, |first| first.sequence.min(read))
    }

    /// Waits until there may be more.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(crate) fn count(&self, how: LogoutOutcome) {
        let place = LogoutOutcome::ALL.iter().position(|known| *known == how);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = (LogoutOutcome, u64)> {
        LogoutOutcome::ALL.into_iter().zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::id::Actor;

    use super::*;

    #[test]
    fn what_ends_while_somebody_begins_to_follow_is_read() {
        let logouts = Logouts::default();
        let ended = Event::SessionEnded { actor: Actor::system(), session: SessionId([1; 16]), user: PersonId::from("user_1") };
        // The end of the ledger was read as 5 before this.
        logouts.note(5, &ended);
        logouts.follow(5, 5);
        logouts.note(9, &ended);
        assert_eq!(logouts.next(), Some(5));
    }
}
