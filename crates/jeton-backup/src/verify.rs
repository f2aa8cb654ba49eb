//! Looks over a target: every object is opened, and what is wrong is named. Nothing is restored.

use std::collections::BTreeSet;

use jeton_core::commit::Sequence;
use jeton_store::ledger::checkpoint::CheckpointKey;

use crate::ahead::{Ahead, Read, Wanted};
use crate::drill::receipt::{Receipt, hash_of};
use crate::failure::Failure;
use crate::kept_file::FilePart;
use crate::names::{self, ERASURES, RECEIPTS, Segment, SnapshotId, TAIL};
use crate::object::Kind;
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::restore::{manifest, snapshots};
use crate::segments::segments_from;
use crate::target::{Listed, Target};
use crate::told_erasures::{Together, lost};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many snapshots there are.
    pub snapshots: usize,
    /// How many files went with them: one that several have, once.
    pub files: usize,
    /// How many segments of the tail.
    pub segments: usize,
    /// How many receipts of drills.
    pub receipts: usize,
    /// How many bytes were opened.
    pub bytes: u64,
    /// What is wrong, each with the name of its object.
    pub problems: Vec<Problem>,
}

/// Opens everything on a target; `key` is what signs receipts, which are counted alone where it is not at hand. `progress` hears how many
/// objects are done.
///
/// # Errors
/// When the target cannot be listed.
pub async fn verify(
    target: &Target,
    opening: &Opening,
    key: Option<&CheckpointKey>,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Found, Failure> {
    let (mut found, mut done, mut opened, mut together) = (Found::default(), 0, BTreeSet::new(), Together::default());
    found.receipts(target, key).await?;
    for id in snapshots(target).await? {
        found.snapshots += 1;
        let manifest = match manifest(target, opening, &id).await {
            Ok(manifest) => manifest,
            Err(Failure::Object(problem)) => {
                found.problems.push(problem);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        together.add(&manifest.erasures);
        let mut wanted: Vec<Wanted> = manifest.parts.iter().map(|part| named(&part.name, Kind::Part, part.bytes, &part.sha256)).collect();
        for file in &manifest.files {
            let parts: Vec<&FilePart> = file.parts.iter().filter(|part| opened.insert(part.name.clone())).collect();
            found.files += usize::from(file.parts.is_empty() || !parts.is_empty());
            wanted.extend(parts.into_iter().map(|part| named(&part.name, Kind::File, part.bytes, &part.sha256)));
        }
        let mut ahead = Ahead::new(target, opening, wanted.into_iter());
        while let Some(Read { found: read, .. }) = ahead.next().await {
            found.judge(read);
            done += 1;
            progress(done);
        }
    }
    found.problems.extend(lost(target, together.lacked()).await?.iter().map(|name| Problem::new(name, What::Missing)));
    let objects = found.tail(target.list(TAIL).await?).into_iter().map(|object| (object, Kind::Tail));
    let erasures = target.list(ERASURES).await?.into_iter().map(|object| (object, Kind::Erasure));
    let wanted = |(object, kind): (Listed, Kind)| Wanted { name: object.name, kind, bytes: object.bytes, sha256: None };
    let mut ahead = Ahead::new(target, opening, objects.chain(erasures).map(wanted));
    while let Some(Read { found: read, .. }) = ahead.next().await {
        found.judge(read);
        done += 1;
        progress(done);
    }
    Ok(found)
}

/// What a server knows that it has put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The incarnation of its ledger.
    pub incarnation: [u8; 16],
    /// The sequence until before which the tail is there.
    pub shipped: Sequence,
    /// Its newest snapshot.
    pub newest: Option<String>,
}

/// Compares what was said to be kept with what is: a target that says so and keeps nothing leaves no trace that [`verify`] could find.
///
/// # Errors
/// When the target cannot be listed.
pub async fn missing(target: &Target, put: &Put) -> Result<Vec<Problem>, Failure> {
    let mut missing = Vec::new();
    if let Some(id) = put.newest.as_deref().and_then(SnapshotId::parse)
        && !snapshots(target).await?.contains(&id)
    {
        missing.push(Problem::new(&id.manifest(), What::Missing));
    }
    let stored = segments_from(target, put.incarnation, put.shipped).await?;
    let end = stored.iter().map(|stored| stored.segment.to).max().unwrap_or(0);
    if end < put.shipped {
        let segment = Segment { incarnation: put.incarnation, from: end, to: put.shipped };
        missing.push(Problem::new(&segment.name(), What::Missing));
    }
    Ok(missing)
}

impl Found {
    async fn receipts(&mut self, target: &Target, key: Option<&CheckpointKey>) -> Result<(), Failure> {
        for object in target.list(RECEIPTS).await? {
            self.receipts += 1;
            match target.get(&object.name).await {
                Ok(note) if key.is_none_or(|key| is_receipt(&object.name, &note, key)) => self.bytes += object.bytes,
                Ok(_) => self.problems.push(Problem::new(&object.name, What::Forged)),
                Err(problem) => self.problems.push(problem),
            }
        }
        Ok(())
    }

    /// Takes down the segments of the tail, and the holes between them; what is to be opened.
    fn tail(&mut self, listed: Vec<Listed>) -> Vec<Listed> {
        let mut before: Option<Segment> = None;
        let mut is_segment = |object: &Listed| {
            let Some(segment) = Segment::parse(&object.name) else {
                self.problems.push(Problem::new(&object.name, What::Damaged("its name is none of a segment".into())));
                return false;
            };
            self.segments += 1;
            // A larger one may go further than those that lie within it.
            let end = before.filter(|before| before.incarnation == segment.incarnation).map_or(segment.from, |before| before.to);
            if end < segment.from {
                self.problems.push(Problem::new(&Segment { from: end, to: segment.from, ..segment }.name(), What::Missing));
            }
            before = Some(Segment { to: end.max(segment.to), ..segment });
            true
        };
        listed.into_iter().filter(|object| is_segment(object)).collect()
    }

    fn judge(&mut self, read: Result<(Opened, u64), Problem>) {
        match read {
            Ok((_, bytes)) => self.bytes += bytes,
            Err(problem) => self.problems.push(problem),
        }
    }
}

fn named(name: &str, kind: Kind, bytes: u64, sha256: &str) -> Wanted {
    Wanted { name: name.into(), kind, bytes, sha256: Some(sha256.into()) }
}

/// Whether a receipt was signed by this key, and lies under its own name.
fn is_receipt(name: &str, note: &[u8], key: &CheckpointKey) -> bool {
    let note = std::str::from_utf8(note).unwrap_or_default();
    Receipt::open(note, key).is_some_and(|receipt| names::receipt(receipt.began_at_seconds, &hash_of(note)) == name)
}
