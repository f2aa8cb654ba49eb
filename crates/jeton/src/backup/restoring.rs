//! A data folder made of a backup: apart at first, and under its name once all of it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::identity::Identity;
use jeton_backup::open::Opening;
use jeton_backup::restore::{Restore, Restored, Step};
use jeton_core::deployment::{self, Deployment};
use jeton_core::event::Event;
use jeton_core::gap::{GoingOn, Known};
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_oauth::Issuer;
use jeton_service::moments::Moments;
use jeton_service::restored::Restored as GoneOn;
use jeton_service::{Parts, Service};
use jeton_store::ledger::checkpoint::Checkpoint;
use jeton_store::ledger::merkle::hexadecimal;
use jeton_store::load::Load as _;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Store};
use jeton_store_sqlite::{Loader, Options, SqliteStore};
use jeton_token::{Prefix, TokenId};

use crate::backup_settings::BackupPlace;
use crate::clock::Clock;
use crate::dice::{Dice, seed};
use crate::opening::Opening as Opened;

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
    /// A checkpoint of that ledger that was kept elsewhere.
    pub(crate) checkpoint: Option<Checkpoint>,
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
    /// Whether nothing can be missing.
    pub(crate) is_complete: bool,
}

/// A folder that goes away again unless it is kept.
struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // What could not be removed is named as what it is, and in nobody's way.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Restoring<'_> {
    /// Makes the folder. On a failure nothing is left of it.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) async fn run(&self) -> Result<Made, String> {
        let mut scratch = self.scratch()?;
        let options = Options::new(&scratch.path, &SCHEMA, seed());
        let mut loader = Loader::begin(options.clone()).map_err(|error| error.to_string())?;
        let target = self.place.target()?;
        let opening = Opening { identity: self.identity.clone(), root_keys: self.root_keys.clone() };
        let restore = Restore { target: &target, opening: &opening, schema: &SCHEMA, until: self.until, progress: self.progress };
        let restored = restore.run(&mut loader).await.map_err(|failure| words(&failure))?;
        let known = self.known(&restored)?;
        let deployment = deployment(&loader)?;
        let incarnation = restored.incarnation;
        let finishing = tokio::task::spawn_blocking(move || loader.finish(incarnation)).await;
        finishing.map_err(|error| error.to_string())?.map_err(|fault| fault.to_string())?;
        let taken_again = self.go_on(&options, (&restored, known), &deployment).await?;
        self.put_in_place(&mut scratch)?;
        Ok(Made {
            snapshot: restored.snapshot,
            size: restored.size,
            time_seconds: restored.time.seconds(),
            left_behind: restored.left_behind,
            taken_again,
            is_complete: known != Known::MayLack,
        })
    }

    /// A folder beside the one that is made, on its disk.
    fn scratch(&self) -> Result<Scratch, String> {
        let shown = self.data.display();
        let taken = fs::read_dir(self.data).is_ok_and(|mut entries| entries.next().is_some());
        if taken {
            return Err(format!("{shown} is not empty: a restore makes a folder of its own, and leaves what there is as it is"));
        }
        let mut name = std::ffi::OsString::from(".");
        name.push(self.data.file_name().ok_or_else(|| format!("{shown} is no name of a folder"))?);
        name.push(".restoring");
        let path = self.data.with_file_name(name);
        // Of a restore that was killed.
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| format!("{} is in the way: {error}", path.display()))?;
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|error| format!("{} cannot be made: {error}", parent.display()))?;
        }
        Ok(Scratch { path, is_kept: false })
    }

    /// What is known of the end; a checkpoint from elsewhere may show it.
    fn known(&self, restored: &Restored) -> Result<Known, String> {
        if self.until.is_some() && restored.left_behind > 0 {
            return Ok(if restored.is_complete { Known::UntilThen } else { Known::MayLack });
        }
        match &self.checkpoint {
            Some(checkpoint) if checkpoint.size == restored.size && checkpoint.root != restored.root => {
                Err("the checkpoint is of another ledger: its root is not that of the entries that were restored".into())
            }
            Some(checkpoint) if checkpoint.size > restored.size => Ok(Known::MayLack),
            Some(checkpoint) if checkpoint.size == restored.size => Ok(Known::All),
            _ => Ok(if restored.is_complete { Known::All } else { Known::MayLack }),
        }
    }

    /// Opens the store that was made, and writes how it goes on.
    async fn go_on(&self, options: &Options, (restored, known): (&Restored, Known), deployment: &Deployment) -> Result<usize, String> {
        let (clock, dice) = (Clock::start(), Dice::default());
        let parts = Parts {
            issuer: Issuer::parse(&deployment.issuer).map_err(|error| error.to_string())?,
            prefix: Prefix::parse(&deployment.token_prefix).map_err(|error| error.to_string())?,
            root_keys: self.root_keys.clone(),
            moments: Moments::new(move || clock.now(), move || dice.seed()).with_timer(|duration| Box::pin(tokio::time::sleep(duration))),
            spawn: None,
            cached_credentials: 1,
            negatives_image: None,
            on_lost: Box::new(|fault: &Fault| tracing::error!(%fault, "the folder that is made lost its footing")),
        };
        let options = Options { entropy: seed(), ..options.clone() };
        let service = Service::open::<Opened>(parts, |subscriber| Ok(SqliteStore::open(options, subscriber)? as Arc<dyn Store>));
        let service = service.map_err(|error| error.0)?;
        let taken_since = taken_since(restored)?;
        let taken_again = taken_since.len();
        let on = GoingOn {
            previous: TokenId::from_bytes(restored.incarnation).to_string().into(),
            size: restored.size,
            root: hexadecimal(&restored.root).into(),
            known,
        };
        let moment = service.moments().now();
        service.go_on_restored(&GoneOn { on, taken_since }, &Actor::system(), &moment).await.map_err(|error| error.to_string())?;
        Ok(taken_again)
    }

    /// Under its name, and on the disk.
    fn put_in_place(&self, scratch: &mut Scratch) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{} cannot be made of {}: {error}", self.data.display(), scratch.path.display());
        // An empty folder may be there.
        if self.data.exists() {
            fs::remove_dir(self.data).map_err(failed)?;
        }
        fs::rename(&scratch.path, self.data).map_err(failed)?;
        let parent = self.data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        scratch.is_kept = true;
        Ok(())
    }
}

/// Whose it is.
fn deployment(loader: &Loader) -> Result<Deployment, String> {
    let mut found = None;
    loader
        .scan(&deployment::TABLE, &mut |row| {
            found = Some(Deployment::from_row(&row.record));
            false
        })
        .map_err(|fault| fault.to_string())?;
    found.ok_or("the backup does not say whose it is")?.map_err(|error| error.to_string())
}

/// Of the commits that were left behind, those that took something away, with what they told.
fn taken_since(restored: &Restored) -> Result<Vec<(jeton_store::line::Change, Vec<Event>)>, String> {
    let events = |narrowing: &jeton_backup::restore::Narrowing| {
        let told = narrowing.entries.iter().map(|entry| entry.event().map_err(|error| error.to_string()));
        told.collect::<Result<Vec<_>, _>>().map(|told| told.into_iter().flatten().collect::<Vec<_>>())
    };
    restored.narrowing.iter().map(|narrowing| Ok((narrowing.change.clone(), events(narrowing)?))).collect()
}

/// What to do about a failure, beside what it says.
fn words(failure: &Failure) -> String {
    format!("{failure}\n  → nothing was made; `jeton backup verify` names everything that is wrong on the target")
}
