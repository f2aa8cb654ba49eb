//! Backups of a server that runs: the tail each second, snapshots by their schedule, and what people ask of them.

mod apart;
mod begun;
mod beside;
mod broken_off;
mod drill;
mod drill_identity;
mod drill_standing;
mod drills;
mod failures;
mod figures;
mod files;
mod heard;
mod joined_so_far;
mod joining;
mod leaving;
mod leisure;
mod making;
mod newest;
mod restoring;
mod schedule;
mod shipping;
mod shown;
mod told_last;
mod unfinished;
mod witness;
mod workplace;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_backup::files::Sources;
use jeton_backup::identity::Identity;
use jeton_backup::kept_file::KeptFile;
use jeton_backup::names::SnapshotId;
use jeton_backup::open::Opening;
use jeton_backup::others::Others;
use jeton_backup::owner::Owner;
use jeton_backup::seal::Sealing;
use jeton_backup::tail::Shipper;
use jeton_backup::target::Target;
use jeton_backup::unshipped::Unshipped;
use jeton_core::commit::Sequence;
use jeton_core::doctor::BackupsSeen;
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_http::observe::SnapshotFigures;
use jeton_service::Service;
use jeton_store::schema::SCHEMA;
use tokio::sync::{Notify, Semaphore, watch};

use failures::Failures;

pub(crate) use begun::{check_trial, ship_nowhere};
pub(crate) use drill::{Drill, Drilled};
pub(crate) use heard::Heard;
pub(crate) use making::Making;
pub(crate) use restoring::{Made, Restoring};
pub(crate) use workplace::Workplace;

use leisure::Leisure;
pub(crate) use shown::drilled;

use crate::backup_settings::BackupSettings;
use crate::config::Config;
use crate::footing::Footing;

/// How many may ask for a snapshot at once: each that asks gets one of its own.
const ASKED_AT_ONCE: usize = 4;

/// The backups of one server.
pub(crate) struct Backups {
    service: Arc<Service>,
    settings: BackupSettings,
    data: PathBuf,
    target: Target,
    sealing: Sealing,
    opening: Opening,
    /// The files that go with a snapshot.
    sources: Sources,
    /// The server's own identity as it lies in the data folder, in hexadecimal.
    sealed_identity: String,
    unshipped: Arc<Unshipped>,
    /// Whether the operator says that the target is another one than before.
    is_target_new: AtomicBool,
    /// The number of the target that this process ships to, once the one before it has heard so.
    begun: tokio::sync::Mutex<Option<String>>,
    /// The sequence until before which everything is on the target.
    shipped: watch::Sender<Sequence>,
    /// Whether the target has heard that this server runs.
    knows_of_start: watch::Sender<bool>,
    /// Whose the tail is.
    owner: Owner,
    /// Rung by whoever waits for it.
    ring: Notify,
    /// Rung where something may be due before the next look: each that looks hears of it.
    look: watch::Sender<u64>,
    /// Ships the tail; `None` where it must be looked up first what is there.
    shipper: tokio::sync::Mutex<Option<Shipper>>,
    /// Where snapshots are made.
    leisure: Leisure,
    /// Where drills are done, and where the tail is joined: none of the three holds up another.
    drill_leisure: Leisure,
    join_leisure: Leisure,
    /// One snapshot at a time.
    making: Arc<tokio::sync::Mutex<()>>,
    /// The one amid which the target went away, to be gone on with.
    unfinished: tokio::sync::Mutex<Option<broken_off::Unfinished>>,
    /// Those who asked for one and wait.
    asked: Semaphore,
    /// One look over all of them at a time.
    verifying: tokio::sync::Mutex<()>,
    /// One drill at a time.
    drilling: tokio::sync::Mutex<()>,
    /// Who else ships there.
    others: tokio::sync::Mutex<Others>,
    standing: Mutex<Standing>,
    failures: Failures,
    /// Lost where the target shows that the data folder was put back.
    footing: Arc<Footing>,
    /// Since when this server has known of them.
    began: Time,
}

/// How backups stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// Since when the target does not take what is shipped, and why.
    pub(crate) away: Option<(Time, String)>,
    /// When everything that there was had been shipped last.
    pub(crate) shipped_at: Option<Time>,
    /// A snapshot that did not come to its end, as far as this process knows.
    unfinished: Option<SnapshotId>,
    /// From where on the tail has no hole.
    unbroken_from: Sequence,
    /// The newest snapshot, and where it ends.
    pub(crate) newest: Option<(String, Time, Sequence)>,
    /// The same in figures.
    pub(crate) newest_figures: Option<SnapshotFigures>,
    /// How many rows it has.
    pub(crate) newest_rows: u64,
    /// The files that went with it.
    newest_files: Vec<KeptFile>,
    /// When the newest was opened last, and was whole.
    newest_opened: Option<Time>,
    /// What became of the one that was the newest, until there is another.
    lost: Option<String>,
    /// Why the last snapshot failed, if it did.
    pub(crate) failed: Option<String>,
    /// How far the tail is joined.
    joined: joined_so_far::JoinedSoFar,
    /// The folders of tails of others, which went on from a backup of this ledger.
    others: Vec<String>,
    /// What is known of drills.
    drilled: drill_standing::Drilled,
}

impl Backups {
    /// The backups of a server, where there is a place for them.
    ///
    /// # Errors
    /// In words for people.
    pub(crate) fn new(
        config: &Config,
        service: &Arc<Service>,
        unshipped: Arc<Unshipped>,
        footing: Arc<Footing>,
    ) -> Result<Option<Arc<Backups>>, String> {
        let settings = config.backup.clone();
        let Some(place) = &settings.place else { return Ok(None) };
        let root_keys: RootKeys = (**service.registry().root_keys()).clone();
        let (identity, sealed_identity) = drill_identity::of(&config.data, &root_keys, &mut service.moments().now())?;
        let (sealing, opening) = keys(&settings, config.issuer.as_str(), identity, root_keys);
        let target = place.target()?;
        drill_standing::clear(&config.data);
        let leisure = Leisure::new();
        Ok(Some(Arc::new(Backups {
            service: service.clone(),
            settings,
            data: config.data.clone(),
            target,
            sealing,
            opening,
            sources: files::sources(config),
            sealed_identity,
            unshipped,
            is_target_new: AtomicBool::new(false),
            begun: tokio::sync::Mutex::default(),
            shipped: watch::Sender::new(0),
            knows_of_start: watch::Sender::new(false),
            owner: Owner::new(service.moments().now().draw()),
            ring: Notify::new(),
            look: watch::Sender::new(0),
            shipper: tokio::sync::Mutex::default(),
            drill_leisure: leisure.beside(),
            join_leisure: leisure.beside(),
            leisure,
            making: Arc::default(),
            unfinished: tokio::sync::Mutex::default(),
            asked: Semaphore::new(ASKED_AT_ONCE),
            verifying: tokio::sync::Mutex::default(),
            drilling: tokio::sync::Mutex::default(),
            others: tokio::sync::Mutex::default(),
            standing: Mutex::default(),
            failures: Failures::default(),
            footing,
            began: service.moments().time(),
        })))
    }

    /// How objects are sealed: under the root key as it is now, which may have got another epoch since the start.
    pub(crate) fn sealing(&self) -> Sealing {
        Sealing { root_keys: (**self.service.registry().root_keys()).clone(), ..self.sealing.clone() }
    }

    /// How they are opened, in the same way: what a restore makes of them has keys that are sealed under the new epoch.
    pub(crate) fn opening(&self) -> Opening {
        Opening { identity: self.opening.identity.clone(), root_keys: (**self.service.registry().root_keys()).clone() }
    }

    /// How they stand.
    pub(crate) fn standing(&self) -> Standing {
        self.lock().clone()
    }

    /// Whether the target takes what is shipped, as far as is known.
    fn is_reachable(&self) -> bool {
        let standing = self.lock();
        standing.shipped_at.is_some() && standing.away.is_none()
    }

    /// Where they go, for people.
    pub(crate) fn shown(&self) -> &str {
        self.target.shown()
    }

    /// How they stand, as the doctor sees it.
    pub(crate) fn seen(&self) -> BackupsSeen {
        let standing = self.standing();
        BackupsSeen {
            target: self.shown().to_owned(),
            is_on_the_same_disk: self.is_on_the_same_disk(),
            recipients: self.settings.recipients.len(),
            every_seconds: self.settings.every_seconds,
            newest_at: standing.newest.map(|(_, made, _)| made.seconds()),
            newest_lost: standing.lost,
            shipped_at: standing.shipped_at.unwrap_or(self.began).seconds(),
            away_since: standing.away.map(|(since, _)| since.seconds()),
            others: standing.others,
            drill_every_seconds: self.settings.drill_every_seconds,
            drilled_at: standing.drilled.passed.map(|(receipt, _)| receipt.ended_at_seconds()),
            drill_failed: standing.drilled.failed.map(|(_, why)| why),
            proven_at: standing.drilled.proven_at,
            begun_at: self.ledger_begun_seconds(),
        }
    }

    /// Whether they lie on the disk of the data.
    pub(crate) fn is_on_the_same_disk(&self) -> Option<bool> {
        self.settings.is_on_the_same_disk(&self.data)
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the objects of a server are sealed and opened: for its recipients and for itself.
fn keys(settings: &BackupSettings, issuer: &str, identity: Identity, root_keys: RootKeys) -> (Sealing, Opening) {
    let mut recipients = settings.recipients.clone();
    recipients.push(identity.recipient());
    let sealing = Sealing { recipients, root_keys: root_keys.clone(), issuer: issuer.into(), schema: SCHEMA.version };
    (sealing, Opening { identity, root_keys })
}
