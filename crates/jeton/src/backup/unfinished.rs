//! A snapshot amid which the target went away. It is kept in memory, and the next attempt goes on behind the last part that is there. A
//! process that was killed begins anew.

use std::sync::Arc;

use jeton_backup::attempt::Attempt;
use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::names::SnapshotId;
use jeton_backup::retention::take_back;
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_http::api::Progress;
use jeton_service::planted::Planted;
use jeton_store::schema::SCHEMA;

use super::Backups;
use super::broken_off::Unfinished;
use super::schedule::named;

impl Backups {
    /// The one to write: the last that was broken off where it may be gone on with, and else a new one. What is not gone on with is taken away,
    /// so that a target that comes and goes is not filled with parts.
    pub(super) async fn to_write(&self) -> Result<Unfinished, Failure> {
        let kept = self.unfinished.lock().await.take();
        if let Some(unfinished) = kept {
            match self.may_go_on(&unfinished).await {
                Ok(true) => {
                    tracing::info!(snapshot = %unfinished.id(), "the backup is gone on with where the target went away");
                    return Ok(unfinished);
                }
                Ok(false) => self.let_go(&unfinished).await,
                Err(failure) => {
                    *self.unfinished.lock().await = Some(unfinished);
                    return Err(failure);
                }
            }
        }
        let left = self.lock().unfinished.clone();
        if let Some(id) = left {
            take_back(&self.target, &id).await?;
            self.lock().unfinished = None;
        }
        self.begin_snapshot().await
    }

    async fn may_go_on(&self, unfinished: &Unfinished) -> Result<bool, Failure> {
        let (head, now) = (self.service.store().head(), self.service.moments().time());
        Ok(unfinished.attempt.may_go_on(&head, &self.sealing(), now) && unfinished.attempt.is_there(&self.target).await?)
    }

    async fn begin_snapshot(&self) -> Result<Unfinished, Failure> {
        let planted = self.plant().await;
        let begun = self.begin_with(planted.as_ref()).await;
        match begun {
            Ok((attempt, beside)) => Ok(Unfinished { attempt, beside, planted }),
            Err(failure) => {
                if let Some(planted) = &planted {
                    self.let_fall(planted, false).await;
                }
                Err(failure)
            }
        }
    }

    async fn begin_with(&self, planted: Option<&Planted>) -> Result<(Attempt, Beside), Failure> {
        let mut moment = self.service.moments().now();
        let id = SnapshotId::new(self.later_than_all(moment.now).await?, moment.draw());
        self.lock().unfinished = Some(id.clone());
        let beside = Beside {
            server_identity: Some(self.sealed_identity.clone()),
            canaries: planted.map(named),
            sources: self.sources.clone(),
            known: self.lock().newest_files.clone(),
        };
        let (store, target, sealing) = (Arc::clone(self.service.store()), &self.target, &self.sealing());
        let snapshot = Snapshot { store, schema: &SCHEMA, target, sealing, id, beside: beside.clone(), progress: &|_| {} };
        Ok((snapshot.begin(moment.now)?, beside))
    }

    /// All of a snapshot but its manifest, with where it stands; a failure of all where it was given up amid it.
    pub(super) async fn write(
        &self,
        unfinished: Unfinished,
        progress: Progress,
    ) -> Result<(Unfinished, Result<Manifest, Failure>), Failure> {
        let place = self.settings.place.clone().ok_or_else(|| Failure::Refused("there is no `backup_target`".into()))?;
        let (service, sealing, known) = (self.service.clone(), self.sealing(), self.target.clone());
        // As many lines as the one before had, and the entries that there are now.
        let about = self.lock().newest_rows.saturating_add(service.store().head().size);
        let written = self.leisure.spend(async move || {
            let mut unfinished = unfinished;
            let target = place.target().map_err(Failure::Refused)?.counted_with(&known);
            let progress = move |read: u64| progress(read, about.max(read));
            let (store, id, beside) = (Arc::clone(service.store()), unfinished.id().clone(), unfinished.beside.clone());
            let snapshot = Snapshot { store, schema: &SCHEMA, target: &target, sealing: &sealing, id, beside, progress: &progress };
            let written = snapshot.write(&mut unfinished.attempt, || service.moments().time()).await;
            Ok((unfinished, written))
        });
        written.await
    }

    /// Keeps what was written where the target failed and may come back; else nothing of it is gone on with.
    pub(super) async fn keep_or_let_go(&self, unfinished: Unfinished, failure: &Failure) {
        if Attempt::is_kept_after(failure) && !self.leisure.is_ended() {
            *self.unfinished.lock().await = Some(unfinished);
        } else {
            self.let_go(&unfinished).await;
        }
    }

    /// Gives up what is kept: nothing more is made by this process.
    pub(super) async fn give_up_unfinished(&self) {
        if let Some(unfinished) = self.unfinished.lock().await.take() {
            self.let_go(&unfinished).await;
        }
    }

    /// No canary stays that lives for ever.
    async fn let_go(&self, unfinished: &Unfinished) {
        if let Some(planted) = &unfinished.planted {
            self.let_fall(planted, false).await;
        }
    }
}
