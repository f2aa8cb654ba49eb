//! What the feed told before this process began, read back from the ledger: a restart is no reason for every verifier to take a snapshot.

use jeton_core::event::Event;
use jeton_core::moment::Time;
use jeton_oauth::feed::Incarnation;
use jeton_store::ledger::Entry;
use jeton_store::store::{Fault, FaultKind};

use crate::failure::Failure;
use crate::service::Service;

/// How many entries are read back at most: as many as the feed keeps where each of them tells something.
const ENTRIES: u64 = 65_536;
/// How many are read at once.
const PAGE: u64 = 1_024;

impl Service {
    /// Whether the feed can go on for a follower of this incarnation that has seen everything before `from`, or could if it were refilled.
    #[must_use]
    pub fn wants_refill(&self, of: &Incarnation, from: u64) -> bool {
        !self.feed.refilled().initialized() && self.feed.complete_from(of).is_some_and(|complete_from| from < complete_from)
    }

    /// Reads back what the feed told before this process began, the newest first. For a thread that may block; once is enough.
    ///
    /// # Errors
    /// When the engine cannot read, or the ledger holds what this program does not know.
    pub fn refill_feed(&self) -> Result<(), Failure> {
        let Some(incarnation) = self.feed.incarnation() else { return Ok(()) };
        let Some(mut end) = self.feed.complete_from(&incarnation) else { return Ok(()) };
        let oldest = end.saturating_sub(ENTRIES);
        while oldest < end {
            let start = end.saturating_sub(PAGE).max(oldest);
            let entries = self.store.tail(start, usize::try_from(end - start).unwrap_or(usize::MAX))?;
            let Told { from, events } = told(start, &entries)?;
            let audience_of = |api: &str| self.registry.api(api).map(|api| api.record.audience.clone());
            if !self.feed.prepend(&incarnation, &events, audience_of, from..end) || start < from {
                break;
            }
            end = start;
        }
        Ok(())
    }
}

/// The events of a page, and from which sequence on they are all of this incarnation, and not erased.
struct Told {
    from: u64,
    events: Vec<(u64, Time, Event)>,
}

fn told(start: u64, entries: &[Entry]) -> Result<Told, Fault> {
    let (mut from, mut events) = (start, vec![]);
    for entry in entries {
        match entry.event() {
            Ok(Some(Event::IncarnationOpened { .. }) | None) => {
                from = entry.sequence + 1;
                events.clear();
            }
            Ok(Some(event)) => events.push((entry.sequence, entry.time, event)),
            Err(unknown) => return Err(Fault::new(FaultKind::Damaged, unknown.to_string())),
        }
    }
    Ok(Told { from, events })
}
