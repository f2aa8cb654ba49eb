//! The last leap of the ledger's time: what a clock that jumped ahead leaves behind, for the process that comes after it.

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_store::store::{Fault, Store};

use crate::posture::GAP_SECONDS;

/// The time to which the ledger leapt by more than a day, if it has gone on for less than a day since. Nothing else remembers a jump of the
/// clock once its process has ended: what was committed under it moved the head, and the next start finds head and clock in agreement.
///
/// Reads some dozen entries, however many there are: within an incarnation their times only rise.
///
/// # Errors
/// When the engine cannot read.
pub(crate) fn last_leap(store: &dyn Store) -> Result<Option<Time>, Fault> {
    let head = store.head();
    let is_recent = |time: Time| time <= head.time && head.time.seconds() - time.seconds() < GAP_SECONDS;
    let Some(mut recent) = head.size.checked_sub(1) else { return Ok(None) };
    let (mut old, mut stride) = (None, 1);
    while old.is_none() && recent > 0 {
        let earlier = recent.saturating_sub(stride);
        if time_of(store, earlier)?.is_some_and(is_recent) {
            (recent, stride) = (earlier, stride * 2);
        } else {
            old = Some(earlier);
        }
    }
    let Some(mut old) = old else { return Ok(None) };
    while old + 1 < recent {
        let middle = old + (recent - old) / 2;
        if time_of(store, middle)?.is_some_and(is_recent) {
            recent = middle;
        } else {
            old = middle;
        }
    }
    let (before, after) = (time_of(store, old)?, time_of(store, recent)?);
    // An earlier incarnation may have been ahead: that it was is what the operator has said.
    Ok(after.filter(|after| before.is_some_and(|before| after.seconds() - before.seconds() > GAP_SECONDS)))
}

fn time_of(store: &dyn Store, sequence: Sequence) -> Result<Option<Time>, Fault> {
    Ok(store.tail(sequence, 1)?.first().filter(|entry| entry.sequence == sequence).map(|entry| entry.time))
}
