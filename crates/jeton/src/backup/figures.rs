//! Backups in figures, for the metrics.

use jeton_backup::manifest::Manifest;
use jeton_backup::target::Written;
use jeton_http::observe::{BackupFigures, SnapshotFigures, WrittenFigures};

use super::Backups;

/// A snapshot in figures.
pub(super) fn of_snapshot(manifest: &Manifest) -> SnapshotFigures {
    SnapshotFigures {
        ended_at_seconds: manifest.ended_at_seconds,
        took_seconds: manifest.ended_at_seconds - manifest.began_at_seconds,
        bytes: manifest.bytes(),
    }
}

impl Backups {
    /// How they stand, in figures.
    pub(crate) fn figures(&self) -> BackupFigures {
        let (standing, (tail, snapshots)) = (self.standing(), self.target.written());
        let is_behind = *self.shipped.borrow() < self.service.store().head().size;
        let since = standing.shipped_at.unwrap_or(self.began);
        let behind = self.service.moments().time().seconds() - since.seconds();
        let is_known = standing.away.is_some() || standing.shipped_at.is_some();
        BackupFigures {
            newest: standing.newest_figures,
            every_seconds: self.settings.every_seconds,
            is_reachable: is_known.then_some(standing.away.is_none()),
            behind_seconds: if is_behind { behind.max(0) } else { 0 },
            others: standing.others.len() as u64,
            segments: standing.joined.left.map(|left| left as u64),
            tail: written(tail),
            snapshots: written(snapshots),
            tail_failures: self.failures.of_tail(),
            snapshot_failures: self.failures.of_snapshots(),
        }
    }
}

fn written(Written { objects, bytes }: Written) -> WrittenFigures {
    WrittenFigures { objects, bytes }
}
