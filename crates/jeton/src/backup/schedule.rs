//! Snapshots: one when there is none, then by the schedule, or because somebody asks for one.

use std::sync::Arc;

use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::SnapshotId;
use jeton_backup::restore::{manifest, snapshots};
use jeton_backup::retention::prune;
use jeton_backup::snapshot::Snapshot;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;
use jeton_store::schema::SCHEMA;
use tokio::sync::MutexGuard;

use super::Backups;
use super::figures::of_snapshot;
use super::leisure::at_leisure;
use super::shipping::cut;

impl Backups {
    /// Makes a snapshot where one is due, and takes away what is too old.
    pub(crate) async fn follow_schedule(&self) {
        // Whoever makes one meanwhile makes this one needless.
        let turn = self.making.lock().await;
        match self.is_due().await {
            Ok(true) => {
                // It says itself how it went.
                let _ = self.make_in_turn(&Actor::system(), turn).await;
            }
            Ok(false) => {}
            Err(failure) => tracing::warn!(%failure, "whether a snapshot is due cannot be told"),
        }
    }

    async fn is_due(&self) -> Result<bool, Failure> {
        let newest = self.lock().newest.clone();
        let newest = match newest {
            Some(newest) => Some(newest),
            None => self.look_for_newest().await?,
        };
        let now = self.service.moments().time();
        Ok(newest.is_none_or(|(_, made, _)| made.plus_seconds(self.settings.every_seconds) <= now))
    }

    async fn look_for_newest(&self) -> Result<Option<(String, Time, u64)>, Failure> {
        let Some(id) = snapshots(&self.target).await?.pop() else { return Ok(None) };
        let found = manifest(&self.target, &self.opening, &id).await?;
        let newest = Some((found.snapshot.clone(), Time::from_seconds(found.began_at_seconds), found.head.size));
        let mut standing = self.lock();
        standing.newest.clone_from(&newest);
        standing.newest_figures = Some(of_snapshot(&found));
        Ok(newest)
    }

    /// Makes a snapshot now.
    ///
    /// # Errors
    /// [`Failure`]; it is logged and told.
    pub(crate) async fn make(&self, actor: &Actor) -> Result<Manifest, Failure> {
        let turn = self.making.lock().await;
        self.make_in_turn(actor, turn).await
    }

    async fn make_in_turn(&self, actor: &Actor, _turn: MutexGuard<'_, ()>) -> Result<Manifest, Failure> {
        let made = self.snapshot().await;
        match &made {
            Ok(manifest) => {
                self.made(manifest);
                tracing::info!(snapshot = manifest.snapshot, bytes = manifest.bytes(), "a backup was made");
                let (bytes, sequence, snapshot) = (manifest.bytes(), manifest.head.size, manifest.snapshot.as_str().into());
                self.tell(Event::BackupCompleted { actor: actor.clone(), bytes, sequence, snapshot }).await;
                self.prune().await;
            }
            Err(failure) => {
                let why = failure.to_string();
                self.failures.note_snapshot();
                let is_new = self.lock().failed.replace(why.clone()).is_none();
                tracing::error!(%failure, "the backup failed: it is tried again in a minute");
                if is_new {
                    self.tell(Event::BackupFailed { actor: actor.clone(), why: cut(&why).into() }).await;
                }
            }
        }
        made
    }

    fn made(&self, manifest: &Manifest) {
        let newest = (manifest.snapshot.clone(), Time::from_seconds(manifest.began_at_seconds), manifest.head.size);
        let mut standing = self.lock();
        (standing.newest, standing.failed) = (Some(newest), None);
        standing.newest_figures = Some(of_snapshot(manifest));
    }

    async fn snapshot(&self) -> Result<Manifest, Failure> {
        let moments = self.service.moments();
        let mut moment = moments.now();
        let id = SnapshotId::new(moment.now, moment.draw());
        let place = self.settings.place.clone().ok_or_else(|| Failure::Refused("there is no `backup_target`".into()))?;
        let (service, sealing, known) = (self.service.clone(), self.sealing.clone(), self.target.clone());
        at_leisure(async move || {
            let target = place.target().map_err(Failure::Refused)?.counted_with(&known);
            let (store, progress) = (Arc::clone(service.store()), |_| {});
            let snapshot = Snapshot { store, schema: &SCHEMA, target: &target, sealing: &sealing, id, progress: &progress };
            snapshot.make(moment.now, || service.moments().time()).await
        })
        .await
    }

    /// Takes away what is older than it is kept. Not while the clock is doubted.
    async fn prune(&self) {
        let now = self.service.moments().time();
        if !self.service.posture().may_destroy(now) {
            return;
        }
        match prune(&self.target, &self.opening, self.settings.kept_seconds, now).await {
            Ok(left) if left.snapshots + left.segments > 0 => {
                tracing::info!(snapshots = left.snapshots, segments = left.segments, "old backups left");
            }
            Ok(_) => {}
            Err(failure) => tracing::warn!(%failure, "old backups could not leave"),
        }
    }
}
