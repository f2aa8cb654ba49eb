//! What a target has of incarnations that a ledger does not come from, or not from all of it.

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;

use crate::failure::Failure;
use crate::fetch::open;
use crate::lineage::Lineage;
use crate::names::Segment;
use crate::object::Kind;
use crate::open::Opening;
use crate::past::opened_or_nobodys;
use crate::problem::{Problem, What};
use crate::segments::{incarnations, segments_from};
use crate::tail::{HeadOnly, ModeLine};
use crate::target::Target;

/// An incarnation that a ledger does not come from, or not from all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Which.
    pub incarnation: [u8; 16],
    /// Where its tail ends.
    pub size: Sequence,
    /// The time of its last entry; `None` where its last segment does not say.
    pub time: Option<Time>,
}

/// How many of them are opened to say until when they go; the rest is named alone.
const OPENED: usize = 16;

/// Until when the tails of others go than `own`, as far as their last segments say. Of one that the ledger comes from, only what lies behind its
/// entries is asked for, and whether it began again there: then it may have answered what is on no target yet.
pub(crate) async fn others(target: &Target, opening: &Opening, lineage: &Lineage, own: [u8; 16]) -> Result<Vec<Other>, Failure> {
    let mut all = Vec::new();
    for incarnation in incarnations(target).await?.into_iter().filter(|incarnation| *incarnation != own) {
        let stored = segments_from(target, incarnation, lineage.size_of(incarnation)).await?;
        all.extend(stored.into_iter().map(|stored| stored.segment));
    }
    let mut last = lineage.others(own, &all);
    for mark in lineage.marks_at_the_end(&all).into_iter().filter(|mark| mark.incarnation != own) {
        if !vouches(target, opening, &mark).await? {
            last.push(mark);
        }
    }
    let mut others = Vec::with_capacity(last.len());
    for (place, segment) in last.iter().enumerate() {
        let time = if place < OPENED { time_of(target, opening, segment).await? } else { None };
        others.push(Other { incarnation: segment.incarnation, size: segment.to, time });
    }
    Ok(others)
}

/// Whether the last segment of a tail says that nothing came after it that is not there.
async fn vouches(target: &Target, opening: &Opening, mark: &Segment) -> Result<bool, Failure> {
    let Ok(opened) = opened_or_nobodys(target, opening, mark).await? else { return Ok(false) };
    let mode = opened.lines().filter_map(|line| serde_json::from_str::<ModeLine>(line).ok()).last();
    Ok(mode.is_some_and(|line| line.mode.is_final || line.mode.sync))
}

async fn time_of(target: &Target, opening: &Opening, segment: &Segment) -> Result<Option<Time>, Failure> {
    let opened = match open(target, opening, &segment.name(), Kind::Tail).await {
        Err(failure @ Failure::Object(Problem { what: What::Target(_), .. })) => return Err(failure),
        // It is named all the same.
        Err(_) => return Ok(None),
        Ok(opened) => opened,
    };
    let head = opened.lines().filter_map(|line| serde_json::from_str::<HeadOnly>(line).ok()).last();
    Ok(head.map(|line| Time::from_micros(line.head.time)))
}
