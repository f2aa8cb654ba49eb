//! What the management API asks of the backups of a server, and how it shows them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jeton_core::id::Actor;
use schemars::JsonSchema;
use serde::Serialize;

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Work that takes long: it is the server's once it has begun. An error is a sentence.
pub type Working<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// The backups of a server: for the process to answer.
pub trait Backups: Send + Sync + 'static {
    /// What there is, and how it stands. An error is a sentence.
    fn show(&self) -> Answering<'_, BackupsShown>;

    /// Makes one now; `progress` hears how much is done, of how much.
    fn create(self: Arc<Self>, actor: Actor, progress: Progress) -> Working<SnapshotShown>;

    /// Opens all of them; `progress` hears how much is done, of how much.
    fn verify(self: Arc<Self>, progress: Progress) -> Working<VerifiedShown>;

    /// Restores the newest one apart and looks whether it is what it must be; `progress` hears how much is done, of how much.
    fn drill(self: Arc<Self>, actor: Actor, progress: Progress) -> Working<DrillShown>;

    /// Takes the receipt of a drill that was made elsewhere.
    fn receive(&self, actor: Actor, receipt: String) -> Pin<Box<dyn Future<Output = Result<DrillShown, Unreceived>> + Send + '_>>;
}

/// Hears how much is done, of how much.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Why a receipt was not taken: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreceived {
    /// It is none that counts here.
    Refused(String),
    /// It could not be looked at, or kept.
    Failed(String),
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
    /// Those that do not open, and why: a restore passes them over. Tails of other servers, which went on from a backup.
    pub problems: Vec<String>,
    /// How drills stand.
    pub drills: DrillsShown,
}

/// How drills stand.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Drills")]
pub struct DrillsShown {
    /// How often one is made, in seconds.
    pub every_seconds: i64,
    /// The last one that passed; `null`: none is known.
    pub passed: Option<DrillShown>,
    /// The last one, where it failed.
    pub failed: Option<FailedDrillShown>,
    /// When it was shown last that the identity of a recipient opens a backup; `null`: never, as far as is known.
    pub identity_proven_at: Option<String>,
}

/// A drill that failed.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "FailedDrill")]
pub struct FailedDrillShown {
    /// When.
    pub at: String,
    /// Why.
    pub why: String,
}

/// A drill that passed.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Drill")]
pub struct DrillShown {
    /// When it was over.
    pub at: String,
    /// The snapshot that was restored.
    pub snapshot: String,
    /// The recipient whose identity opened it.
    pub identity: String,
    /// How many entries were restored.
    pub entries: u64,
    /// How many rows.
    pub rows: u64,
    /// How many of them are the same in the live store; `null`: it was not at hand.
    pub same: Option<u64>,
    /// How many rows of usage add up to what they do in the live store; `null`: it was not at hand, and the manifest alone was compared with.
    pub usage_same: Option<u64>,
    /// SHA-256 over the rows, in hexadecimal.
    pub digest: String,
    /// How many credentials that are revoked were refused.
    pub refused: usize,
    /// How long it took, in seconds.
    pub seconds: i64,
    /// The receipt: a signed note.
    pub receipt: String,
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
    /// What the target has that this ledger does not come from; `null`: it could not be looked up.
    pub lacks: Option<Vec<LackedShown>>,
}

/// An incarnation on the target that the ledger does not come from, or not from all of it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Lacked")]
pub struct LackedShown {
    /// Which: its folder of the tail is called so.
    pub incarnation: String,
    /// How many entries it has.
    pub entries: u64,
    /// The time of the last of them; `null`: it is not known.
    pub until: Option<String>,
}

/// One snapshot.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Snapshot")]
pub struct SnapshotShown {
    /// Its name.
    pub id: String,
    /// Whose it is: of this ledger as it stands (`own`), of what it went on from (`past`), or of a server that went on beside it (`another`).
    #[schemars(with = "super::names::WhoseName")]
    pub whose: &'static str,
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
    /// How many files went with them: one that several have, once.
    pub files: usize,
    /// How many segments of the tail.
    pub segments: usize,
    /// How many receipts of drills.
    pub receipts: usize,
    /// How many bytes were opened.
    pub bytes: u64,
    /// What is wrong, each with the name of its object, and tails of other servers, which went on from a backup. None: everything opens, is
    /// whole, and is of this ledger.
    pub problems: Vec<String>,
}
