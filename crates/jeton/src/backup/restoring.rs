//! A data folder made of a backup: apart at first, and under its name once all of it is there.

use std::path::Path;

use jeton_backup::failure::Failure;
use jeton_backup::identity::Identity;
use jeton_backup::mark::{Whose, whose};
use jeton_backup::open::Opening;
use jeton_backup::put_back::{PutBack, put_back};
use jeton_backup::restore::{Other, Step};
use jeton_core::claim::{Claim, claim};
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_store::ledger::checkpoint::Checkpoint;

use super::apart::Source;
use super::begun::made_of;
use super::drill_identity;
use super::making::Making;
use super::witness::{compared, tells_of_more};
use crate::backup_settings::BackupPlace;
use crate::writable;

/// What is restored, and where.
pub(crate) struct Restoring<'a> {
    /// Where the backups are.
    pub(crate) place: BackupPlace,
    /// What opens them.
    pub(crate) identity: Identity,
    /// The root key of that deployment.
    pub(crate) root_keys: RootKeys,
    /// The folder that is made.
    pub(crate) data: &'a Path,
    /// To which time; `None`: to the end.
    pub(crate) until: Option<Time>,
    /// Which incarnation; `None`: that of the newest snapshot.
    pub(crate) incarnation: Option<[u8; 16]>,
    /// A checkpoint of that ledger that was kept elsewhere.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Whether the files that went with the snapshot are put back.
    pub(crate) is_with_files: bool,
    /// Told how far it is.
    pub(crate) progress: &'a (dyn Fn(Step) + Send + Sync),
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// The snapshot it stands on.
    pub(crate) snapshot: String,
    /// How many entries its ledger has of before.
    pub(crate) size: u64,
    /// The time of the last of them, in seconds.
    pub(crate) time_seconds: i64,
    /// How many later ones were left behind, since an earlier time was asked for.
    pub(crate) left_behind: u64,
    /// Of those, how many commits took something away and were made again.
    pub(crate) taken_again: usize,
    /// How many keys, clients and passwords were stopped, since no row says what counted both then and later.
    pub(crate) stopped: usize,
    /// What may be claimed of it.
    pub(crate) claim: Claim,
    /// The newer snapshots that do not open, and what is only called like a segment, and why.
    pub(crate) passed_over: Vec<String>,
    /// Incarnations on the target that it does not come from, or not from all of them.
    pub(crate) others: Vec<Other>,
    /// What was erased on the target and is lost there: somebody may be in the folder who was erased.
    pub(crate) lost_erasures: Vec<String>,
    /// Whose it is.
    pub(crate) issuer: String,
    /// The files that went with the snapshot.
    pub(crate) files: Vec<PutBack>,
}

impl Restoring<'_> {
    /// Takes the place where it is made. Nothing is left of that where it is not put in place.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn begin(&self) -> Result<Making, String> {
        // No server starts on such a folder.
        writable::check(self.data, self.data)?;
        Making::begin(self.data)
    }

    /// Makes all that is put in place then.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) async fn run(&self, making: &Making) -> Result<Made, String> {
        let folder = making.path();
        let target = self.place.target()?;
        let opening = Opening { identity: self.identity.clone(), root_keys: self.root_keys.clone() };
        let source =
            Source { target: &target, opening: &opening, until: self.until, incarnation: self.incarnation, progress: self.progress };
        let apart = source.make(&folder).await.map_err(|failure| words(&failure))?;
        let key = apart.service.note_key().map_err(|failure| failure.to_string())?;
        let mut evidence = apart.restored.evidence();
        if let Some(checkpoint) = &self.checkpoint {
            evidence.checkpoint = Some((compared(checkpoint, &apart).await?, checkpoint.time_seconds));
        }
        evidence.receipt_has_more = tells_of_more(&target, &key, &apart.restored).await.map_err(|failure| words(&failure))?;
        let claim = claim(&evidence);
        let (taken_again, stopped) = apart.go_on(claim.known).await?;
        let restored = apart.restored;
        let issuer = apart.service.issuer().as_str().to_owned();
        // Closed before it gets its name.
        drop(apart.service);
        if let Some(sealed) = &restored.manifest.server_identity {
            drill_identity::put_back(&folder, sealed, &self.root_keys)?;
        }
        let number = match whose(&target, &issuer).await {
            Ok(Whose::Ours(number)) => number,
            _ => None,
        };
        made_of(&folder, &self.place.text(), number)?;
        let files = if self.is_with_files { &restored.manifest.files[..] } else { &[] };
        let files = put_back(&target, &opening, files, &folder).await.map_err(|failure| {
            format!("{failure}\n  → nothing was made; --without-files leaves out the configuration and the access log")
        })?;
        Ok(Made {
            snapshot: restored.manifest.snapshot,
            size: restored.size,
            time_seconds: restored.time.seconds(),
            left_behind: restored.left_behind,
            taken_again,
            stopped,
            claim,
            others: restored.others,
            lost_erasures: restored.lost_erasures,
            issuer,
            files,
            passed_over: restored.passed_over.iter().chain(&restored.unopened).map(ToString::to_string).collect(),
        })
    }
}

/// What to do about a failure, beside what it says.
fn words(failure: &Failure) -> String {
    format!("{failure}\n  → nothing was made; `jeton backup verify --from TARGET` names everything that is wrong there")
}
