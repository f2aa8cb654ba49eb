//! The tail's segments are joined from time to time: one of each second would be millions, and a restore reads them all.

use jeton_backup::failure::Failure;
use jeton_backup::join::bounds::Bounds;
use jeton_backup::join::{Joined, Joining};
use jeton_core::commit::Sequence;

use super::Backups;

/// How soon it is tried again after a failure, in seconds.
const AGAIN_SECONDS: i64 = 600;

impl Backups {
    /// Joins what has become many, a part of it at a time.
    pub(super) async fn follow_joining(&self) {
        // Whoever ships says that it is away.
        if !self.is_reachable() {
            return;
        }
        let (now, so_far) = (self.service.moments().time(), self.lock().joined.clone());
        if !so_far.is_due(now) {
            return;
        }
        let is_clearing = so_far.is_clearing(now);
        match self.join(so_far.from(), is_clearing).await {
            Ok(joined) => {
                tell(&joined, !so_far.is_kept());
                self.lock().joined.note(&joined, is_clearing, now);
            }
            Err(failure) => {
                if !self.leisure.is_ended() {
                    tracing::warn!(%failure, "segments of the tail could not be joined: all of them are there");
                }
                self.lock().joined.again(now.plus_seconds(AGAIN_SECONDS));
            }
        }
    }

    async fn join(&self, from: Sequence, is_clearing: bool) -> Result<Joined, Failure> {
        self.look_whose_folder().await?;
        self.own_tail().await?;
        let place = self.settings.place.clone().ok_or_else(|| Failure::Refused("there is no `backup_target`".into()))?;
        let (service, sealing, opening, known) = (self.service.clone(), self.sealing(), self.opening(), self.target.clone());
        let joining = self.join_leisure.spend(async move || {
            let target = place.target().map_err(Failure::Refused)?.counted_with(&known);
            let (store, bounds) = (service.store().clone(), Bounds::default());
            Joining { store, target: &target, sealing: &sealing, opening: &opening, bounds }.run(from, is_clearing).await
        });
        joining.await
    }
}

fn tell(joined: &Joined, is_news: bool) {
    if joined.made > 0 {
        tracing::info!(segments = joined.of, made = joined.made, "segments of the tail were joined");
    }
    for problem in &joined.problems {
        tracing::warn!(%problem, "a segment of the tail is joined with no other: it stays as it is");
    }
    if let Some(problem) = joined.kept.as_ref().filter(|_| is_news) {
        tracing::warn!(%problem, "segments that were joined do not leave the target: a restore passes them over");
    }
}
