//! A snapshot that was begun and has no manifest yet.

use jeton_backup::attempt::Attempt;
use jeton_backup::names::SnapshotId;
use jeton_backup::snapshot::Beside;
use jeton_service::planted::Planted;

/// A snapshot that was begun and has no manifest yet.
pub(super) struct Unfinished {
    /// How far it has come.
    pub(super) attempt: Attempt,
    pub(super) beside: Beside,
    /// What a drill will look for: it stays planted as long as this is gone on with.
    pub(super) planted: Option<Planted>,
}

impl Unfinished {
    pub(super) fn id(&self) -> &SnapshotId {
        self.attempt.id()
    }
}
