//! Snapshots: one when there is none, then by the schedule, or because somebody asks for one.

use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::manifest::{Canaries, Manifest};
use jeton_backup::names::SnapshotId;
use jeton_backup::problem::{Problem, What};
use jeton_backup::restore::{manifest, snapshots};
use jeton_backup::retention::{Keeping, prune};
use jeton_backup::snapshot::Snapshot;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_http::api::Progress;
use jeton_service::planted::Planted;
use jeton_store::schema::SCHEMA;
use tokio::sync::OwnedMutexGuard;

use super::Backups;
use super::figures::of_snapshot;
use super::files::tell_unread;
use super::shipping::cut;

/// How far ahead a name may be that the next one goes behind, in seconds.
const NAMED_AHEAD_SECONDS: i64 = 7 * 86_400;

impl Backups {
    /// Makes a snapshot where one is due, and takes away what is too old.
    pub(crate) async fn follow_schedule(self: &Arc<Self>) {
        // Whoever ships says that it is away, and rings when it is not.
        if !self.is_reachable() {
            return;
        }
        // Whoever makes one meanwhile makes this one needless.
        let turn = self.making.clone().lock_owned().await;
        match self.is_due().await {
            Ok(true) => {
                // It says itself how it went.
                let _ = self.make_in_turn(Actor::system(), nobody(), turn).await;
            }
            Ok(false) => {}
            Err(failure) => tracing::warn!(%failure, "whether a snapshot is due cannot be told"),
        }
    }

    /// Makes a snapshot now, after those that others asked for; `progress` hears how much is done, of how much.
    ///
    /// # Errors
    /// [`Failure`]; it is logged and told.
    pub(crate) async fn make(self: &Arc<Self>, actor: Actor, progress: Progress) -> Result<Manifest, Failure> {
        let _asked = self.asked.try_acquire().map_err(|_| Failure::Refused("others wait for snapshots already: wait for theirs".into()))?;
        let turn = self.making.clone().lock_owned().await;
        self.make_in_turn(actor, progress, turn).await
    }

    /// It is the server's work once it has begun: whoever waits for it may go away, and it is finished and told all the same.
    pub(super) async fn make_in_turn(
        self: &Arc<Self>,
        actor: Actor,
        progress: Progress,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Manifest, Failure> {
        let (backups, of) = (self.clone(), actor.clone());
        let making = tokio::spawn(async move {
            let made = backups.snapshot(progress).await;
            backups.tell_made(&of, &made).await;
            drop(turn);
            made
        });
        match making.await {
            Ok(made) => made,
            Err(error) => {
                let made = Err(Failure::Refused(format!("the snapshot was broken off: {error}")));
                self.tell_made(&actor, &made).await;
                made
            }
        }
    }

    async fn tell_made(&self, actor: &Actor, made: &Result<Manifest, Failure>) {
        match made {
            Ok(manifest) => {
                self.made(manifest);
                tell_unread(&manifest.files);
                tracing::info!(snapshot = manifest.snapshot, bytes = manifest.bytes(), "a backup was made");
                let (bytes, sequence, snapshot) = (manifest.bytes(), manifest.head.size, manifest.snapshot.as_str().into());
                self.tell(Event::BackupCompleted { actor: actor.clone(), bytes, sequence, snapshot }).await;
                self.prune().await;
            }
            Err(failure) if self.leisure.is_ended() => {
                self.failures.note_snapshot();
                tracing::info!(%failure, "a snapshot was given up: the server stops");
            }
            Err(failure) => {
                let why = failure.to_string();
                self.failures.note_snapshot();
                let is_new = self.lock().failed.replace(why.clone()).as_ref() != Some(&why);
                if is_new {
                    tracing::error!(%failure, "the backup failed: it is tried again in a minute");
                    self.tell(Event::BackupFailed { actor: actor.clone(), why: cut(&why).into() }).await;
                }
            }
        }
    }

    fn made(&self, manifest: &Manifest) {
        let newest = (manifest.snapshot.clone(), Time::from_seconds(manifest.began_at_seconds), manifest.head.size);
        let mut standing = self.lock();
        (standing.newest, standing.failed, standing.lost) = (Some(newest), None, None);
        standing.newest_opened = Some(self.service.moments().time());
        (standing.newest_figures, standing.newest_rows) = (Some(of_snapshot(manifest)), manifest.rows.values().sum());
        standing.newest_files.clone_from(&manifest.files);
        // There is something to drill with.
        self.look_again();
    }

    async fn snapshot(&self, progress: Progress) -> Result<Manifest, Failure> {
        if self.leisure.is_ended() {
            return Err(Failure::Refused("the server stops".into()));
        }
        self.look_whose().await?;
        // One of another branch would be followed by a tail that is not its own.
        self.own_tail().await?;
        let unfinished = self.to_write().await?;
        let planted = unfinished.planted.clone();
        let written = self.write(unfinished, progress).await;
        if let Ok((unfinished, Err(failure))) = written {
            // Where the target failed it is gone on with, and what was planted stays.
            self.keep_or_let_go(unfinished, &failure).await;
            return Err(failure);
        }
        if let Some(planted) = &planted {
            // Also of a snapshot that failed: no canary stays that lives for ever.
            self.let_fall(planted, written.is_ok()).await;
        }
        let (unfinished, manifest) = written?;
        let (manifest, id, beside) = (manifest?, unfinished.id().clone(), unfinished.beside);
        // Also parts that went to a place where nothing is mounted any more are no snapshot.
        self.look_whose_folder().await?;
        self.own_tail().await?;
        let (store, target, sealing) = (Arc::clone(self.service.store()), &self.target, &self.sealing());
        Snapshot { store, schema: &SCHEMA, target, sealing, id, beside, progress: &|_| {} }.finish(&manifest).await?;
        self.lock().unfinished = None;
        Ok(manifest)
    }

    /// A time for a name that sorts behind those that are there: a restore begins with the last, also where a clock was put back.
    pub(super) async fn later_than_all(&self, now: Time) -> Result<Time, Failure> {
        for id in snapshots(&self.target).await?.iter().rev() {
            let Some(began) = id.began_seconds() else { continue };
            // What is named after a far day counts only where it is ours, made while the clock was wrong: anybody may name anything so.
            if began < now.seconds().saturating_add(NAMED_AHEAD_SECONDS) || self.is_ours(id).await? {
                return Ok(now.max(Time::from_seconds(began.saturating_add(1))));
            }
        }
        Ok(now)
    }

    /// Whether a snapshot was made by this deployment.
    async fn is_ours(&self, id: &SnapshotId) -> Result<bool, Failure> {
        match manifest(&self.target, &self.opening(), id).await {
            Ok(_) => Ok(true),
            Err(Failure::Object(Problem { what: What::Target(_), .. })) => Err(Failure::Refused("the target does not answer".into())),
            Err(_) => Ok(false),
        }
    }

    /// Revokes the second canary once the snapshot's end is past, and lets the tail tell of it before anybody finds the snapshot.
    pub(super) async fn let_fall(&self, planted: &Planted, is_to_be_found: bool) {
        let fallen = self.service.let_canary_fall(&planted.revoked_after, &self.service.moments().now()).await;
        if let Err(failure) = fallen {
            tracing::warn!(?failure, "the second canary of this backup was not revoked: a drill with it will fail");
        }
        if is_to_be_found && let Err(failure) = self.ship_all().await {
            tracing::warn!(%failure, "the tail does not tell of the second canary of this backup yet");
        }
    }

    /// Plants what a drill will look for. Without it a snapshot is made all the same.
    pub(super) async fn plant(&self) -> Option<Planted> {
        let planted = self.service.plant_canaries(&self.service.moments().now()).await;
        planted.inspect_err(|failure| tracing::warn!(?failure, "no canaries were planted: a drill with this backup will fail")).ok()
    }

    /// Takes away what is older than it is kept. Not while the clock is doubted.
    async fn prune(&self) {
        let now = self.service.moments().time();
        if !self.service.posture().may_destroy(now) {
            return;
        }
        if let Err(failure) = self.prune_receipts(now).await {
            tracing::warn!(%failure, "old receipts could not leave");
        }
        let proven = self.lock().drilled.passed.as_ref().map(|(receipt, _)| receipt.snapshot.clone());
        let keeping = Keeping { seconds: self.settings.kept_seconds, proven };
        match prune(&self.target, &self.opening(), keeping, now).await {
            Ok(left) => {
                if left.snapshots + left.segments > 0 {
                    tracing::info!(snapshots = left.snapshots, segments = left.segments, "old backups left");
                }
                for problem in left.unread {
                    tracing::warn!(%problem, "a snapshot on the target does not open: it stays, and so do its parts");
                }
            }
            Err(failure) => tracing::warn!(%failure, "old backups could not leave"),
        }
    }
}

/// Progress that nobody asked for.
pub(super) fn nobody() -> Progress {
    Arc::new(|_, _| {})
}

/// What was planted, by the names that a manifest has.
pub(super) fn named(planted: &Planted) -> Canaries {
    Canaries {
        revoked_before: planted.revoked_before.id.to_string(),
        revoked_after: planted.revoked_after.id.to_string(),
        kept: planted.kept.id.to_string(),
    }
}
