//! Looks over a target: every object is opened, and what is wrong is named. Nothing is restored.

use crate::failure::Failure;
use crate::names::Segment;
use crate::object::{self, Kind};
use crate::open::Opening;
use crate::problem::{Problem, What};
use crate::restore::{manifest, snapshots};
use crate::target::Target;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many snapshots there are.
    pub snapshots: usize,
    /// How many segments of the tail.
    pub segments: usize,
    /// How many bytes were opened.
    pub bytes: u64,
    /// What is wrong, each with the name of its object.
    pub problems: Vec<Problem>,
}

/// Opens everything on a target. `progress` hears how many objects are done.
///
/// # Errors
/// When the target cannot be listed.
pub async fn verify(target: &Target, opening: &Opening, progress: &(dyn Fn(u64) + Send + Sync)) -> Result<Found, Failure> {
    let (mut found, mut done) = (Found::default(), 0);
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
        for part in &manifest.parts {
            found.object(target, opening, (&part.name, Kind::Part), Some(&part.sha256)).await;
            done += 1;
            progress(done);
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
    Ok(found)
}

impl Found {
    async fn object(&mut self, target: &Target, opening: &Opening, (name, kind): (&str, Kind), sha256: Option<&str>) {
        match looked_at(target, opening, (name, kind), sha256).await {
            Ok(bytes) => self.bytes += bytes,
            Err(problem) => self.problems.push(problem),
        }
    }
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
