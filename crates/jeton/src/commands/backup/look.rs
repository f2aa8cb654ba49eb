//! What lies on a target, looked at without a server: it may be lost with its disk.

use std::path::PathBuf;

use clap::Args;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::SnapshotId;
use jeton_backup::open::Opening;
use jeton_backup::restore::{manifest_or_problem, snapshots};
use jeton_backup::segments::{incarnations, segments_from};
use jeton_backup::target::Target;
use jeton_backup::verify::{Found, verify};
use jeton_core::rfc3339;
use jeton_token::TokenId;
use serde_json::{Value, json};

use super::from::{place, read_identity};
use crate::commands::failure::Failure;
use crate::commands::progress::Progress;
use crate::{root_file, serve};

/// From where, and with what.
#[derive(Args, Debug)]
pub(super) struct From {
    /// Without a server, where the backups are: a folder, or s3://bucket/prefix
    /// with the usual AWS_ variables
    #[arg(long, value_name = "TARGET")]
    from: Option<String>,
    /// The file with the recovery identity, as age-keygen writes it
    #[arg(long, value_name = "FILE", requires_all = ["from", "root_key_file"])]
    identity: Option<PathBuf>,
    /// The root file of the deployment that made the backups
    #[arg(long, value_name = "FILE", requires_all = ["from", "identity"])]
    root_key_file: Option<PathBuf>,
}

/// What is named.
pub(super) struct Named {
    target: Target,
    opening: Option<Opening>,
}

impl From {
    /// The target, where one is named.
    pub(super) fn named(&self) -> Result<Option<Named>, Failure> {
        let Some(from) = &self.from else { return Ok(None) };
        let could_not = |sentence: String| Failure::could_not(sentence, "`jeton backup list --help` shows what is needed");
        let here = std::env::current_dir().map_err(|error| could_not(error.to_string()))?;
        let target = place(from, &here, &here)?.target().map_err(could_not)?;
        let opening = match (&self.identity, &self.root_key_file) {
            (Some(identity), Some(root_file)) => {
                Some(Opening { identity: read_identity(identity)?, root_keys: root_file::read(root_file).map_err(could_not)? })
            }
            _ => None,
        };
        Ok(Some(Named { target, opening }))
    }
}

fn failed(failure: &dyn std::fmt::Display) -> Failure {
    Failure::could_not(failure.to_string(), "look whether the target is there, and whether it is the one: `jeton backup list --help`")
}

impl Named {
    /// The snapshots and tails that there are.
    pub(super) fn list(&self) -> Result<Value, Failure> {
        serve::runtime().map_err(|words| failed(&words))?.block_on(self.listed())
    }

    async fn listed(&self) -> Result<Value, Failure> {
        let (mut shown, mut problems, mut tails) = (Vec::new(), Vec::new(), Vec::new());
        for id in snapshots(&self.target).await.map_err(|problem| failed(&problem))? {
            let Some(opening) = &self.opening else {
                shown.push(json!({ "id": id.to_string(), "created_at": id.began_seconds().map(rfc3339::format) }));
                continue;
            };
            match manifest_or_problem(&self.target, opening, &id).await.map_err(|failure| failed(&failure))? {
                Ok(manifest) => shown.push(snapshot(&id, &manifest)),
                Err(problem) => problems.push(problem.to_string()),
            }
        }
        for incarnation in incarnations(&self.target).await.map_err(|problem| failed(&problem))? {
            let stored = segments_from(&self.target, incarnation, 0).await.map_err(|problem| failed(&problem))?;
            let end = stored.iter().map(|stored| stored.segment.to).max();
            tails.extend(end.map(|end| json!({ "incarnation": TokenId::from_bytes(incarnation).to_string(), "entries": end })));
        }
        Ok(json!({ "target": self.target.shown(), "snapshots": shown, "tails": tails, "problems": problems }))
    }

    /// Opens everything.
    pub(super) fn verify(&self) -> Result<Value, Failure> {
        let Some(opening) = &self.opening else {
            return Err(Failure::usage("--identity and --root-key-file are needed with --from", "`jeton backup verify --help` shows how"));
        };
        let progress = std::sync::Mutex::new(Progress::new("objects"));
        let show = |done| progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner).show(done, done);
        let found = serve::runtime().map_err(|words| failed(&words))?.block_on(verify(&self.target, opening, None, &show));
        drop(progress);
        let Found { snapshots, files, segments, receipts, bytes, problems } = found.map_err(|failure| failed(&failure))?;
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Ok(json!({
            "snapshots": snapshots, "files": files, "segments": segments, "receipts": receipts, "bytes": bytes, "problems": problems,
        }))
    }
}

fn snapshot(id: &SnapshotId, manifest: &Manifest) -> Value {
    json!({
        "id": id.to_string(),
        "created_at": rfc3339::format(manifest.began_at_seconds),
        // Times are given to the second: to this one it can be restored.
        "until": rfc3339::format(manifest.head.time.div_euclid(1_000_000) + 1),
        "sequence": manifest.head.size,
        "bytes": manifest.bytes(),
        "rows": manifest.rows.values().sum::<u64>(),
        "incarnation": manifest.head.incarnation,
    })
}
