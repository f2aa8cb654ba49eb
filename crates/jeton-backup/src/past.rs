//! Whether a target has more of a ledger than a store has: told by what opens there, and not by what it is called. Whoever may write to a target
//! can name anything like a segment, and must not stop a server by it.

use std::cmp::Reverse;

use jeton_core::commit::Sequence;

use crate::failure::Failure;
use crate::fetch::open;
use crate::names::Segment;
use crate::object::Kind;
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::target::Target;

/// What a target has of which a store was put back.
const LACKED: &str = "entries of this ledger that this data folder lacks";

/// How many segments that do not open are looked at.
const OPENED: usize = 64;

/// What a target has of a tail, told by what opens.
#[derive(Debug)]
pub(crate) struct Past {
    /// The segments that end with the store or before it. The last of them was opened.
    pub(crate) segments: Vec<Segment>,
    /// Those that are only called so, beyond the end or behind the last one that opens.
    pub(crate) unopened: Vec<Segment>,
}

/// Which of a tail's segments are of the store's past. One that goes beyond its end and does not open is nobody's; nor does one before the
/// end say that anything was shipped, unless it opens. Without `opening` each counts for what it is called.
///
/// # Errors
/// [`Failure::Parted`] where one that opens goes beyond the end; [`Failure`] where that cannot be said.
pub(crate) async fn of_the_past(
    target: &Target,
    opening: Option<&Opening>,
    size: Sequence,
    segments: impl Iterator<Item = Segment>,
) -> Result<Past, Failure> {
    let (mut past, mut beyond): (Vec<_>, Vec<_>) = segments.partition(|segment| segment.to <= size);
    let mut unopened = Vec::new();
    let Some(opening) = opening else {
        return if beyond.is_empty() { Ok(Past { segments: past, unopened }) } else { Err(parted(target, LACKED)) };
    };
    beyond.sort_unstable_by_key(|segment| Reverse(segment.to));
    for segment in beyond {
        if is_one(target, opening, &segment, unopened.len()).await? {
            return Err(parted(target, LACKED));
        }
        unopened.push(segment);
    }
    while let Some(end) = past.iter().map(|segment| segment.to).max() {
        // One without entries says how the one before it ended, and nothing where that does not open.
        let at_end = past.iter().copied().filter(|segment| segment.to == end);
        let (with_entries, marks): (Vec<_>, Vec<_>) = at_end.partition(|segment| segment.from < end);
        let mut opens = false;
        for segment in if with_entries.is_empty() { marks } else { with_entries } {
            opens = is_one(target, opening, &segment, unopened.len()).await?;
            if opens {
                break;
            }
            unopened.push(segment);
        }
        past.retain(|segment| if opens { !unopened.contains(segment) } else { segment.to < end });
        if opens {
            break;
        }
    }
    Ok(Past { segments: past, unopened })
}

/// What a segment says, or why it is nobody's.
///
/// # Errors
/// [`Failure`] where that cannot be said now.
pub(crate) async fn opened_or_nobodys(target: &Target, opening: &Opening, segment: &Segment) -> Result<Result<Opened, Problem>, Failure> {
    match open(target, opening, &segment.name(), Kind::Tail).await {
        Ok(opened) => Ok(Ok(opened)),
        Err(Failure::Object(problem)) if is_nobodys(&problem) => Ok(Err(problem)),
        Err(failure) => Err(failure),
    }
}

/// Whether an object itself does not open: not where the target does not answer, or where it is this program or its root file that is too old.
pub(crate) fn is_nobodys(problem: &Problem) -> bool {
    !matches!(problem.what, What::Target(_) | What::Newer(_) | What::UnknownEpoch(_))
}

/// Whether a segment opens, after so many that did not.
async fn is_one(target: &Target, opening: &Opening, segment: &Segment, unopened: usize) -> Result<bool, Failure> {
    if unopened >= OPENED {
        return Err(Failure::Refused(format!(
            "{} has more than {OPENED} objects that are called like the last segments of this ledger's tail, and do not open: \
             `jeton backup verify` names them",
            target.shown()
        )));
    }
    Ok(opened_or_nobodys(target, opening, segment).await?.is_ok())
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
