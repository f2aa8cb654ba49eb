//! Backups as the management API shows them.

use std::future::Future;
use std::pin::Pin;

use jeton_backup::failure::Failure;
use jeton_backup::manifest::Manifest;
use jeton_backup::restore::{manifest, snapshots};
use jeton_backup::verify::verify;
use jeton_core::id::Actor;
use jeton_http::api::{self, AwayShown, BackupsShown, GapShown, SnapshotShown, VerifiedShown, rfc3339};

use super::Backups;

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

impl api::Backups for Backups {
    fn show(&self) -> Answering<'_, BackupsShown> {
        Box::pin(async move { self.shown_whole().await.map_err(|failure| failure.to_string()) })
    }

    fn create(&self, actor: Actor) -> Answering<'_, SnapshotShown> {
        Box::pin(async move { self.make(&actor).await.map(|made| snapshot(&made)).map_err(|failure| failure.to_string()) })
    }

    fn verify(&self) -> Answering<'_, VerifiedShown> {
        Box::pin(async move {
            let found = verify(&self.target, &self.opening, &|_| {}).await.map_err(|failure| failure.to_string())?;
            let problems = found.problems.iter().map(ToString::to_string).collect();
            Ok(VerifiedShown { snapshots: found.snapshots, segments: found.segments, bytes: found.bytes, problems })
        })
    }
}

impl Backups {
    async fn shown_whole(&self) -> Result<BackupsShown, Failure> {
        let mut shown = Vec::new();
        for id in snapshots(&self.target).await? {
            shown.push(snapshot(&manifest(&self.target, &self.opening, &id).await?));
        }
        let standing = self.standing();
        let gap = self.service.registry().gap();
        Ok(BackupsShown {
            target: self.shown().to_owned(),
            is_on_the_same_disk: self.is_on_the_same_disk(),
            shipped: *self.shipped.borrow(),
            size: self.service.store().head().size,
            away: standing.away.map(|(since, why)| AwayShown { since: rfc3339::format(since.seconds()), why }),
            revocation_durability: if self.settings.is_sync { "sync" } else { "local" },
            gap: gap.map(|gap| GapShown { size: gap.size, before: rfc3339::format(gap.before) }),
            snapshots: shown,
        })
    }
}

fn snapshot(manifest: &Manifest) -> SnapshotShown {
    SnapshotShown {
        id: manifest.snapshot.clone(),
        created_at: rfc3339::format(manifest.began_at_seconds),
        sequence: manifest.head.size,
        bytes: manifest.bytes(),
        rows: manifest.rows.values().sum(),
        seconds: manifest.ended_at_seconds - manifest.began_at_seconds,
    }
}
