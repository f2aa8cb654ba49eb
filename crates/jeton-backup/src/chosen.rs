//! Which snapshot a restore stands on.

use std::collections::BTreeSet;

use jeton_core::moment::Time;
use jeton_core::rfc3339;

use crate::failure::Failure;
use crate::fetch::open;
use crate::kept_file::FilesLine;
use crate::manifest::Manifest;
use crate::names::{SNAPSHOTS, SnapshotId};
use crate::object::Kind;
use crate::open::Opening;
use crate::problem::{Problem, What};
use crate::target::Target;
use crate::told_erasures::ToldErasure;
use crate::went_on::begins_with;

/// What a restore stands on.
pub(crate) struct Chosen {
    pub(crate) manifest: Manifest,
    /// The newer snapshots that do not open.
    pub(crate) passed_over: Vec<Problem>,
    /// What newer ones tell beyond it.
    pub(crate) told: BTreeSet<ToldErasure>,
    /// The incarnation that is asked for, and those before it down to that of the snapshot.
    pub(crate) way: Vec<[u8; 16]>,
}

/// What is asked for.
pub(crate) struct Choosing<'a> {
    pub(crate) target: &'a Target,
    pub(crate) opening: &'a Opening,
    /// Not after this time.
    pub(crate) until: Option<Time>,
    /// Of this incarnation; `None`: of any.
    pub(crate) incarnation: Option<[u8; 16]>,
}

/// How many tails of others are opened to see where they begin.
pub(crate) const INCARNATIONS_OPENED: usize = 64;

/// The snapshots on a target, oldest first: those that are whole.
///
/// # Errors
/// [`Problem`].
pub async fn snapshots(target: &Target) -> Result<Vec<SnapshotId>, Problem> {
    let listed = target.list(SNAPSHOTS).await?;
    let id = |name: &str| SnapshotId::parse(name.strip_prefix(SNAPSHOTS)?.strip_prefix('/')?.strip_suffix("/manifest.age")?);
    Ok(listed.iter().filter_map(|object| id(&object.name)).collect())
}

/// The manifest of a snapshot.
///
/// # Errors
/// [`Failure`].
pub async fn manifest(target: &Target, opening: &Opening, id: &SnapshotId) -> Result<Manifest, Failure> {
    let name = id.manifest();
    let opened = open(target, opening, &name, Kind::Manifest).await?;
    let damaged = |error: serde_json::Error| Problem::new(&name, What::Damaged(error.to_string()));
    let mut lines = opened.lines();
    let mut manifest: Manifest = serde_json::from_str(lines.next().unwrap_or_default()).map_err(damaged)?;
    if let Some(line) = lines.next() {
        FilesLine { files: manifest.files, erasures: manifest.erasures } = serde_json::from_str(line).map_err(damaged)?;
    }
    Ok(manifest)
}

/// The same, where a snapshot that is of no use by itself is no reason to give up: others may be whole. A newer format and a root key that
/// lacks an epoch are one: what is asked for could be had by other means.
///
/// # Errors
/// [`Failure`].
pub async fn manifest_or_problem(target: &Target, opening: &Opening, id: &SnapshotId) -> Result<Result<Manifest, Problem>, Failure> {
    match manifest(target, opening, id).await {
        Err(Failure::Object(problem)) if !matches!(problem.what, What::Target(_) | What::Newer(_) | What::UnknownEpoch(_)) => {
            Ok(Err(problem))
        }
        read => read.map(Ok),
    }
}

impl Choosing<'_> {
    /// The newest snapshot that is not after the time asked for. Where there is none of the incarnation asked for, one of that from which it
    /// went on.
    pub(crate) async fn choose(&self) -> Result<Chosen, Failure> {
        let mut way = Vec::from_iter(self.incarnation);
        let mut refused: Option<Failure> = None;
        loop {
            let of = way.last().copied();
            let why = match self.choose_of(of).await? {
                Ok(chosen) => return Ok(Chosen { way, ..chosen }),
                Err(why) => why,
            };
            let before = match of {
                Some(of) if way.len() < INCARNATIONS_OPENED => begins_with(self.target, self.opening, of).await?,
                _ => None,
            };
            match before.filter(|before| !way.contains(&before.previous)) {
                Some(before) => way.push(before.previous),
                None => return Err(refused.unwrap_or(why)),
            }
            refused.get_or_insert(why);
        }
    }

    /// The same of one incarnation, or of any; or why there is none.
    async fn choose_of(&self, incarnation: Option<[u8; 16]>) -> Result<Result<Chosen, Failure>, Failure> {
        let (mut ids, mut passed_over, mut told) = (snapshots(self.target).await?, Vec::new(), BTreeSet::new());
        let mut oldest = None;
        while let Some(id) = ids.pop() {
            match manifest_or_problem(self.target, self.opening, &id).await? {
                Ok(manifest) if incarnation.is_some_and(|of| manifest.head.incarnation() != Some(of)) => told.extend(manifest.erasures),
                Ok(manifest) if self.until.is_some_and(|until| manifest.head.time > until.micros()) => {
                    oldest = Some(Time::from_micros(manifest.head.time));
                    told.extend(manifest.erasures);
                }
                Ok(manifest) => {
                    told.retain(|erasure| !manifest.erasures.contains(erasure));
                    return Ok(Ok(Chosen { manifest, passed_over, told, way: Vec::new() }));
                }
                Err(problem) => passed_over.push(problem),
            }
        }
        if let Some(problem) = passed_over.into_iter().next() {
            return Ok(Err(problem.into()));
        }
        let words = match (oldest, incarnation) {
            // Times are given to the second.
            (Some(oldest), _) => format!(
                "no snapshot is as old as that, the oldest is of {}: take a time from then on, or leave --until out",
                rfc3339::format(oldest.seconds() + 1)
            ),
            (None, Some(_)) => {
                "no snapshot on the target is of that incarnation: `jeton backup list --from` shows what there is".to_owned()
            }
            (None, None) => "there is no snapshot on the target: `jeton backup list --from` shows what there is".to_owned(),
        };
        Ok(Err(Failure::Refused(format!("{}: {words}", self.target.shown()))))
    }
}
