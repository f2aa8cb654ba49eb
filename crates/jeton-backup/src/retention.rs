//! What leaves a target: snapshots that are older than they are kept, and the tail that none of the others needs.

use std::collections::BTreeSet;

use jeton_core::moment::Time;

use crate::failure::Failure;
use crate::manifest::Manifest;
use crate::names::{FILES, SNAPSHOTS, SnapshotId};
use crate::open::Opening;
use crate::problem::Problem;
use crate::restore::{manifest_or_problem, snapshots};
use crate::segments::{incarnations, segments_until};
use crate::target::Target;

/// What left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Snapshots, whole ones and such as never came to their end.
    pub snapshots: usize,
    /// Segments of the tail.
    pub segments: usize,
    /// Manifests that do not open: they stay, and whatever they may name.
    pub unread: Vec<Problem>,
}

/// How long what a snapshot that did not come to its end has left is kept, in seconds.
const UNFINISHED_SECONDS: i64 = 3_600;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// For how long, in seconds.
    pub seconds: i64,
    /// The last snapshot that a drill made a store of: it stays until another one is proven, however many were made since.
    pub proven: Option<String>,
}

impl From<i64> for Keeping {
    fn from(seconds: i64) -> Keeping {
        Keeping { seconds, proven: None }
    }
}

/// Takes away what began longer before `now` than it is kept. The newest two snapshots stay, however old they are.
///
/// # Errors
/// [`Failure`]; what left before it has left.
pub async fn prune(target: &Target, opening: &Opening, keeping: impl Into<Keeping>, now: Time) -> Result<Left, Failure> {
    let Keeping { seconds, proven } = keeping.into();
    let mut left = Left::default();
    let (ids, mut read) = (snapshots(target).await?, Vec::new());
    let mut staying: Vec<String> = Vec::new();
    for id in &ids {
        match manifest_or_problem(target, opening, id).await? {
            Ok(manifest) => read.push((id, manifest)),
            Err(problem) => {
                left.unread.push(problem);
                staying.push(id.to_string());
            }
        }
    }
    let (kept_from, mut kept) = (read.len().saturating_sub(2), Vec::new());
    for (place, (id, manifest)) in read.into_iter().enumerate() {
        let is_proven = proven.as_deref() == Some(manifest.snapshot.as_str());
        if place < kept_from && !is_proven && manifest.ended_at_seconds < now.seconds() - seconds {
            // The manifest first: what lacks it is no snapshot any more.
            target.delete(&id.manifest()).await?;
            left.snapshots += 1;
        } else {
            staying.push(id.to_string());
            kept.push(manifest);
        }
    }
    left.snapshots += unfinished(target, (&staying, &ids), now).await?;
    // What one that does not open names is not known: nothing of it is taken away.
    let knows_all = left.unread.is_empty();
    if knows_all {
        files(target, &kept, now).await?;
    }
    for incarnation in incarnations(target).await? {
        left.segments += segments(target, incarnation, &kept, knows_all).await?;
    }
    Ok(left)
}

/// Takes away the segments of an incarnation that nothing which stays needs; how many there were.
async fn segments(target: &Target, incarnation: [u8; 16], kept: &[Manifest], knows_all: bool) -> Result<usize, Failure> {
    let of_this = kept.iter().filter(|manifest| manifest.head.incarnation() == Some(incarnation));
    // One that no snapshot is of is of use to none but an older one.
    let any = || kept.iter().filter(|_| knows_all).map(|manifest| manifest.from).max();
    let Some(until) = of_this.map(|manifest| manifest.from).min().or_else(any) else { return Ok(0) };
    let found = segments_until(target, incarnation, until).await?;
    let (end, mut left) = (found.iter().map(|segment| segment.to).max(), 0);
    // The last one says where the next begins.
    for segment in found.iter().filter(|segment| segment.to <= until && end.is_some_and(|end| end > segment.to)) {
        target.delete(&segment.name()).await?;
        left += 1;
    }
    Ok(left)
}

/// Takes away what there is of a snapshot that did not come to its end: nobody goes on with it.
///
/// # Errors
/// [`Failure`].
pub async fn take_back(target: &Target, id: &SnapshotId) -> Result<(), Failure> {
    for place in [SNAPSHOTS, FILES] {
        for object in target.list(&format!("{place}/{id}")).await? {
            target.delete(&object.name).await?;
        }
    }
    Ok(())
}

/// Takes away what no snapshot that stays names of files. What was put there lately may be of one that is being made.
async fn files(target: &Target, kept: &[Manifest], now: Time) -> Result<(), Failure> {
    let parts = kept.iter().flat_map(|manifest| &manifest.files).flat_map(|file| &file.parts);
    let named: BTreeSet<&str> = parts.map(|part| part.name.as_str()).collect();
    for object in target.list(FILES).await? {
        let Some(id) = put_by(FILES, &object.name) else { continue };
        if !named.contains(object.name.as_str()) && is_over(&id, now) {
            target.delete(&object.name).await?;
        }
    }
    Ok(())
}

/// The snapshot that put an object below this place.
fn put_by(place: &str, name: &str) -> Option<SnapshotId> {
    SnapshotId::parse(name.strip_prefix(place)?.strip_prefix('/')?.split('/').next()?)
}

/// Whether nobody is at it any more.
fn is_over(id: &SnapshotId, now: Time) -> bool {
    id.began_seconds().is_some_and(|began| began <= now.seconds() - UNFINISHED_SECONDS)
}

/// Takes away what belongs to no manifest: of snapshots that are gone, and of such as began long ago and have none.
async fn unfinished(target: &Target, (staying, whole): (&[String], &[SnapshotId]), now: Time) -> Result<usize, Failure> {
    let mut gone: Vec<SnapshotId> = Vec::new();
    for object in target.list(SNAPSHOTS).await? {
        let Some(id) = put_by(SNAPSHOTS, &object.name) else { continue };
        if staying.contains(&id.to_string()) || !is_over(&id, now) {
            continue;
        }
        target.delete(&object.name).await?;
        // One that was whole is counted by now.
        if gone.last() != Some(&id) && !whole.contains(&id) {
            gone.push(id);
        }
    }
    Ok(gone.len())
}
