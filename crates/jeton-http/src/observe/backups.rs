//! How backups stand, as the metrics tell it.

/// How backups stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupFigures {
    /// The newest snapshot; `None`: none is known.
    pub newest: Option<SnapshotFigures>,
    /// How often one is made, in seconds.
    pub every_seconds: i64,
    /// Whether the target takes what it is sent; `None`: it was sent nothing yet.
    pub is_reachable: Option<bool>,
    /// For how long something of the ledger's tail has not been there, in seconds.
    pub behind_seconds: i64,
    /// How many segments of the tail lay there when it was looked last whether some can be joined; `None`: nobody looked yet.
    pub segments: Option<u64>,
    /// How many other servers, which went on from a backup, have a tail there.
    pub others: u64,
    /// What was written of the tail since the start.
    pub tail: WrittenFigures,
    /// What was written of snapshots since the start.
    pub snapshots: WrittenFigures,
    /// How often the tail could not be shipped.
    pub tail_failures: u64,
    /// How often a snapshot could not be made.
    pub snapshot_failures: u64,
}

/// One snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFigures {
    /// When it was whole, in seconds.
    pub ended_at_seconds: i64,
    /// How long it took, in seconds.
    pub took_seconds: i64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What was written to the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrittenFigures {
    /// How many objects.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
}
