//! Looks over a target: every object is opened, and what is wrong is named. Nothing is restored.

use std::collections::BTreeSet;

use jeton_core::commit::Sequence;
use jeton_store::ledger::checkpoint::CheckpointKey;

use crate::drill::receipt::{Receipt, hash_of};
use crate::failure::Failure;
use crate::kept_file::FilePart;
use crate::names::{self, RECEIPTS, Segment, SnapshotId};
use crate::object::{self, Kind};
use crate::open::Opening;
use crate::problem::{Problem, What};
use crate::restore::{manifest, segments, snapshots};
use crate::target::Target;
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

/// Opens everything on a target; `key` is what signs receipts. `progress` hears how many objects are done.
///
/// # Errors
/// When the target cannot be listed.
pub async fn verify(
    target: &Target,
    opening: &Opening,
    key: &CheckpointKey,
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
        for part in &manifest.parts {
            found.object(target, opening, (&part.name, Kind::Part), Some(&part.sha256)).await;
            done += 1;
            progress(done);
        }
        for file in &manifest.files {
            let parts: Vec<&FilePart> = file.parts.iter().filter(|part| opened.insert(part.name.clone())).collect();
            found.files += usize::from(file.parts.is_empty() || !parts.is_empty());
            for part in parts {
                found.object(target, opening, (&part.name, Kind::File), Some(&part.sha256)).await;
                done += 1;
                progress(done);
            }
        }
    }
    let mut before: Option<Segment> = None;
    for object in target.list(crate::names::TAIL).await? {
        let Some(segment) = Segment::parse(&object.name) else {
            found.problems.push(Problem::new(&object.name, What::Damaged("its name is none of a segment".into())));
            continue;
        };
        found.segments += 1;
        if let Some(before) = before.filter(|before| before.incarnation == segment.incarnation && before.to < segment.from) {
            let missing = Segment { from: before.to, to: segment.from, ..segment };
            found.problems.push(Problem::new(&missing.name(), What::Missing));
        }
        before = Some(segment);
        found.object(target, opening, (&object.name, Kind::Tail), None).await;
        done += 1;
        progress(done);
    }
    found.problems.extend(lost(target, together.lacked()).await?.iter().map(|name| Problem::new(name, What::Missing)));
    for object in target.list(crate::names::ERASURES).await? {
        found.object(target, opening, (&object.name, Kind::Erasure), None).await;
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
    let end = segments(target, put.incarnation).await?.iter().map(|segment| segment.to).max().unwrap_or(0);
    if end < put.shipped {
        let segment = Segment { incarnation: put.incarnation, from: end, to: put.shipped };
        missing.push(Problem::new(&segment.name(), What::Missing));
    }
    Ok(missing)
}

impl Found {
    async fn receipts(&mut self, target: &Target, key: &CheckpointKey) -> Result<(), Failure> {
        for object in target.list(RECEIPTS).await? {
            self.receipts += 1;
            match target.get(&object.name).await {
                Ok(note) if is_receipt(&object.name, &note, key) => self.bytes += object.bytes,
                Ok(_) => self.problems.push(Problem::new(&object.name, What::Forged)),
                Err(problem) => self.problems.push(problem),
            }
        }
        Ok(())
    }

    async fn object(&mut self, target: &Target, opening: &Opening, (name, kind): (&str, Kind), sha256: Option<&str>) {
        match looked_at(target, opening, (name, kind), sha256).await {
            Ok(bytes) => self.bytes += bytes,
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// Whether a receipt was signed by this key, and lies under its own name.
fn is_receipt(name: &str, note: &[u8], key: &CheckpointKey) -> bool {
    let note = std::str::from_utf8(note).unwrap_or_default();
    Receipt::open(note, key).is_some_and(|receipt| names::receipt(receipt.began_at_seconds, &hash_of(note)) == name)
}

async fn looked_at(target: &Target, opening: &Opening, (name, kind): (&str, Kind), sha256: Option<&str>) -> Result<u64, Problem> {
    let sealed = target.get(name).await?.to_vec();
    let bytes = sealed.len() as u64;
    if sha256.is_some_and(|sha256| object::hexadecimal(&object::sha256(&sealed)) != sha256) {
        return Err(Problem::new(name, What::Damaged("it is not the part that the manifest names".into())));
    }
    let (opening, of) = (opening.clone(), name.to_owned());
    let opened = tokio::task::spawn_blocking(move || opening.open(&of, &sealed)).await;
    let opened = opened.map_err(|error| Problem::new(name, What::Damaged(error.to_string())))??;
    if opened.header.kind == kind { Ok(bytes) } else { Err(Problem::new(name, What::Forged)) }
}
