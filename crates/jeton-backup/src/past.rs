//! Whether a target has more of a ledger than a store has: told by what opens there, and not by what it is called. Whoever may write to a target
//! can name anything like a segment, and must not stop a server by it.

use std::cmp::Reverse;

use jeton_core::commit::Sequence;

use crate::failure::Failure;
use crate::fetch::open;
use crate::names::Segment;
use crate::object::Kind;
use crate::open::Opening;
use crate::problem::{Problem, What};
use crate::target::Target;

/// What a target has of which a store was put back.
const LACKED: &str = "entries of this ledger that this data folder lacks";

/// How many segments beyond a store's end are opened.
const OPENED: usize = 64;

/// Those of a tail's segments that end with the store or before it. One that goes beyond it and does not open is nobody's: `verify` names it.
/// Without `opening` each counts for what it is called.
///
/// # Errors
/// [`Failure::Parted`] where one that opens goes beyond it; [`Failure`] where that cannot be said.
pub(crate) async fn of_the_past(
    target: &Target,
    opening: Option<&Opening>,
    size: Sequence,
    segments: impl Iterator<Item = Segment>,
) -> Result<Vec<Segment>, Failure> {
    let (past, mut beyond): (Vec<_>, Vec<_>) = segments.partition(|segment| segment.to <= size);
    let Some(opening) = opening else {
        return if beyond.is_empty() { Ok(past) } else { Err(parted(target, LACKED)) };
    };
    beyond.sort_unstable_by_key(|segment| Reverse(segment.to));
    if beyond.len() > OPENED {
        return Err(Failure::Refused(format!(
            "{} has {} segments of this ledger's tail beyond its end: `jeton backup verify` says which of them do not open",
            target.shown(),
            beyond.len()
        )));
    }
    for segment in beyond {
        match open(target, opening, &segment.name(), Kind::Tail).await {
            Ok(_) => return Err(parted(target, LACKED)),
            Err(failure @ Failure::Object(Problem { what: What::Target(_) | What::Newer(_) | What::UnknownEpoch(_), .. })) => {
                return Err(failure);
            }
            Err(_) => {}
        }
    }
    Ok(past)
}

/// A target that has something of a ledger which the store does not.
pub(crate) fn parted(target: &Target, what: &str) -> Failure {
    Failure::Parted(format!(
        "{} has {what}: the folder was put back to an earlier state, or is a copy of one that another server went on with, and what was \
         revoked there would count again\n  \u{2192} make a folder of the backup: `jeton backup restore` brings nothing back that was revoked. Where \
         this folder must go on, start once with `jeton serve --put-back`: what was made before is refused until `jeton backup restore \
         accept-gap`",
        target.shown()
    ))
}
