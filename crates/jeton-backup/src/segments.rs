//! The segments of a tail as a target lists them: from where they are needed, since there may be millions.

use jeton_core::commit::Sequence;

use crate::ahead::Wanted;
use crate::names::{Segment, TAIL, tail};
use crate::object::{Kind, from_hexadecimal};
use crate::problem::Problem;
use crate::target::{Listed, Target};

/// A segment, and how many bytes it has as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub segment: Segment,
    /// How many bytes.
    pub bytes: u64,
}

impl Stored {
    fn of(listed: &Listed) -> Option<Stored> {
        Some(Stored { segment: Segment::parse(&listed.name)?, bytes: listed.bytes })
    }

    pub(crate) fn wanted(&self) -> Wanted {
        Wanted { name: self.segment.name(), kind: Kind::Tail, bytes: self.bytes, sha256: None }
    }
}

/// A segment that holds an entry begins so many before it at most, but for those of one very large commit.
const LOOK_BACK: Sequence = 65_536;

/// The segments of an incarnation's tail that hold an entry or a later one, in order; and some before them.
///
/// # Errors
/// [`Problem`].
pub async fn segments_from(target: &Target, incarnation: [u8; 16], from: Sequence) -> Result<Vec<Stored>, Problem> {
    some_segments_from(target, incarnation, from, usize::MAX).await
}

/// The same, so many at most.
pub(crate) async fn some_segments_from(
    target: &Target,
    incarnation: [u8; 16],
    from: Sequence,
    most: usize,
) -> Result<Vec<Stored>, Problem> {
    let begin = from.saturating_sub(LOOK_BACK);
    let found = listed(target, incarnation, begin, most, |_| false).await?;
    // Where none begins at the entry or before it, one that is larger than all others may hold it.
    if begin == 0 || found.first().is_some_and(|first| first.segment.from <= from) {
        return Ok(found);
    }
    listed(target, incarnation, 0, most, |_| false).await
}

/// The segments of an incarnation's tail until the first that begins behind an entry, which is the last of them.
pub(crate) async fn segments_until(target: &Target, incarnation: [u8; 16], until: Sequence) -> Result<Vec<Segment>, Problem> {
    let stored = listed(target, incarnation, 0, usize::MAX, |segment| segment.from > until).await?;
    Ok(stored.into_iter().map(|stored| stored.segment).collect())
}

async fn listed(
    target: &Target,
    incarnation: [u8; 16],
    from: Sequence,
    most: usize,
    is_last: impl Fn(&Segment) -> bool,
) -> Result<Vec<Stored>, Problem> {
    let (place, mut seen) = (tail(incarnation), 0);
    // What is named like no segment is behind nothing.
    let is_enough = |listed: &Listed| {
        seen += 1;
        seen >= most || Segment::parse(&listed.name).is_some_and(|segment| is_last(&segment))
    };
    let listed = target.list_from(&place, &format!("{place}/{from:020}"), is_enough).await?;
    Ok(listed.iter().filter_map(Stored::of).collect())
}

/// The incarnations that have a tail on a target.
///
/// # Errors
/// [`Problem`].
pub async fn incarnations(target: &Target) -> Result<Vec<[u8; 16]>, Problem> {
    Ok(target.folders(TAIL).await?.iter().filter_map(|name| from_hexadecimal(name)).collect())
}
