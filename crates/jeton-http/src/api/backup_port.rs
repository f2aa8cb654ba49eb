//! What the management API asks of the backups of a server, and how it shows them.

use std::future::Future;
use std::pin::Pin;

use jeton_core::id::Actor;
use schemars::JsonSchema;
use serde::Serialize;

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// The backups of a server: for the process to answer.
pub trait Backups: Send + Sync + 'static {
    /// What there is, and how it stands. An error is a sentence.
    fn show(&self) -> Answering<'_, BackupsShown>;

    /// Makes one now. An error is a sentence.
    fn create(&self, actor: Actor) -> Answering<'_, SnapshotShown>;

    /// Opens all of them. An error is a sentence.
    fn verify(&self) -> Answering<'_, VerifiedShown>;
}

/// How backups stand.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Backups")]
pub struct BackupsShown {
    /// Where they go.
    pub target: String,
    /// Whether that is on the disk of the data; `null`: not known.
    pub is_on_the_same_disk: Option<bool>,
    /// Until before which entry the ledger's tail is there.
    pub shipped: u64,
    /// How many entries the ledger has.
    pub size: u64,
    /// Since when the target takes nothing, and why.
    pub away: Option<AwayShown>,
    /// When a revocation is answered: `local` or `sync`.
    #[schemars(with = "super::names::DurabilityName")]
    pub revocation_durability: &'static str,
    /// The gap that a restore left, while nobody accepted it.
    pub gap: Option<GapShown>,
    /// The snapshots, oldest first.
    pub snapshots: Vec<SnapshotShown>,
}

/// A target that is away.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "BackupTargetAway")]
pub struct AwayShown {
    /// Since when.
    pub since: String,
    /// Why.
    pub why: String,
}

/// A gap.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Gap")]
pub struct GapShown {
    /// How many entries are known from before it.
    pub size: i64,
    /// What was made before this is refused.
    pub before: String,
}

/// One snapshot.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Snapshot")]
pub struct SnapshotShown {
    /// Its name.
    pub id: String,
    /// When it began.
    pub created_at: String,
    /// Where it ends: how many entries its ledger has.
    pub sequence: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many rows.
    pub rows: u64,
    /// How long it took, in seconds.
    pub seconds: i64,
}

/// What a look over all backups found.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "VerifiedBackups")]
pub struct VerifiedShown {
    /// How many snapshots there are.
    pub snapshots: usize,
    /// How many segments of the tail.
    pub segments: usize,
    /// How many bytes were opened.
    pub bytes: u64,
    /// What is wrong, each with the name of its object. None: everything opens and is whole.
    pub problems: Vec<String>,
}
