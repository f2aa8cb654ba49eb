//! Where a ledger went on from an incarnation before: its first entry in that one says so, in a store and on a target.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::moment::Time;
use jeton_store::ledger::Entry;
use jeton_store::store::{Fault, Store};

use crate::catch_up::first_change;
use crate::entry_line;
use crate::failure::Failure;
use crate::fetch::open;
use crate::object::{Kind, from_hexadecimal};
use crate::open::Opening;
use crate::problem::{Problem, What};
use crate::segments::some_segments_from;
use crate::target::Target;

/// What the first entry of an incarnation says of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WentOn {
    /// Which that was.
    pub(crate) previous: [u8; 16],
    /// How many entries of it the ledger has.
    pub(crate) size: Sequence,
    /// How many of it were known, with those that were left behind.
    pub(crate) known: Sequence,
    /// The Merkle root over those that it has, in hexadecimal.
    pub(crate) root: Arc<str>,
    /// When.
    pub(crate) time: Time,
}

const KIND: &str = "incarnation.opened";

impl WentOn {
    /// What an entry says of it, if it does. One that cannot be read makes nothing known.
    pub(crate) fn said_by(entry: &Entry) -> Option<WentOn> {
        if entry.kind != KIND {
            return None;
        }
        let Ok(Some(Event::IncarnationOpened { known, previous, root, size, .. })) = entry.event() else { return None };
        let known = known.map_or(size, |known| known.max(size));
        Some(WentOn { previous: from_hexadecimal(&previous)?, size, known, root, time: entry.time })
    }
}

/// How many entries before the end are looked through for the first of an incarnation.
const LOOK_BACK: Sequence = 65_536;
/// How many of them are read at once.
const PAGE: Sequence = 1_024;

/// The first entry of the incarnation that a store is in, where another was before it and the store can still tell all since: a tail that
/// begins there is one that a restore of the one before can go on into. `None`: there is no such entry, or it lies too far back.
///
/// # Errors
/// When the engine cannot read.
pub(crate) fn first_of(store: &dyn Store) -> Result<Option<Sequence>, Fault> {
    let size = store.head().size;
    let Some(kept_from) = first_change(store)? else { return Ok(None) };
    let until = kept_from.max(size.saturating_sub(LOOK_BACK));
    let mut unread = size;
    while unread > until {
        let from = unread.saturating_sub(PAGE).max(until);
        let entries = store.tail(from, usize::try_from(unread - from).unwrap_or(usize::MAX))?;
        if let Some(found) = entries.iter().rev().find(|entry| entry.kind == KIND) {
            return Ok(Some(found.sequence));
        }
        unread = from;
    }
    Ok(None)
}

/// How many segments are listed for the first with an entry: of one that was joined, those that it was made of may still be there.
const FIRST: usize = 64;

/// What the first entry of a tail says; `None` where that is not where its incarnation begins, has left, or does not open.
///
/// # Errors
/// [`Failure`]: the target does not answer.
pub(crate) async fn begins_with(target: &Target, opening: &Opening, incarnation: [u8; 16]) -> Result<Option<WentOn>, Failure> {
    let stored = some_segments_from(target, incarnation, 0, FIRST).await?;
    let with_entries = stored.iter().map(|stored| stored.segment).filter(|segment| segment.from < segment.to);
    let Some(first) = with_entries.min_by_key(|segment| (segment.from, segment.to)) else { return Ok(None) };
    let opened = match open(target, opening, &first.name(), Kind::Tail).await {
        Err(failure @ Failure::Object(Problem { what: What::Target(_), .. })) => return Err(failure),
        Err(_) => return Ok(None),
        Ok(opened) => opened,
    };
    let entry = opened.lines().find(|line| line.starts_with("{\"entry\"")).and_then(|line| entry_line::parse(line).ok());
    let is_first = |entry: &Entry, went_on: &WentOn| entry.sequence == first.from && went_on.size == entry.sequence;
    Ok(entry.and_then(|entry| WentOn::said_by(&entry).filter(|went_on| is_first(&entry, went_on))))
}
