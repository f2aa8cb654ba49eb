//! How far a snapshot has come. Whoever makes it keeps this where the target goes away amid it, and goes on behind the last part that is there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::record::Row;
use jeton_store::ledger::Head;

use crate::failure::Failure;
use crate::manifest::Part;
use crate::names::{SNAPSHOTS, SnapshotId};
use crate::problem::{Problem, What};
use crate::seal::{Lines, Sealing};
use crate::target::Target;
use crate::told_erasures::Hearing;
use crate::usage_sum::Sum;

/// How long after its beginning an attempt may be gone on with, in seconds: the counts of the minutes that were open then are kept for as long,
/// and the changes since then for longer.
pub const GOES_ON_SECONDS: i64 = 2 * 3_600;

/// A snapshot that was begun.
pub struct Attempt {
    pub(crate) id: SnapshotId,
    pub(crate) began: Time,
    /// Where the ledger ended then.
    pub(crate) from: Sequence,
    incarnation: [u8; 16],
    sealed_for: SealedFor,
    /// How many steps are done, and how far the next one is.
    pub(crate) steps: usize,
    pub(crate) place: Place,
    /// Where the snapshot ends, once that is known.
    pub(crate) head: Option<Arc<Head>>,
    /// The part that is being written.
    pub(crate) lines: Lines,
    /// Parts that are sealed, in their order, the last ones of them not put yet.
    pub(crate) parts: Vec<Part>,
    pub(crate) waiting: VecDeque<Vec<u8>>,
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) usage: BTreeMap<String, Sum>,
    pub(crate) erasures: Hearing,
    pub(crate) read: u64,
}

/// How far a step is: behind this row, or before this entry.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) after: Option<Row>,
    pub(crate) next: Sequence,
}

/// Who can open what is sealed.
#[derive(PartialEq, Eq)]
struct SealedFor {
    recipients: Vec<String>,
    epoch: u16,
}

impl SealedFor {
    fn of(sealing: &Sealing) -> SealedFor {
        let recipients = sealing.recipients.iter().map(ToString::to_string).collect();
        SealedFor { recipients, epoch: sealing.root_keys.current().0 }
    }
}

impl Attempt {
    /// One of a ledger that ends here, whose first part is begun.
    pub(crate) fn new(id: SnapshotId, began: Time, head: &Head, sealing: &Sealing, lines: Lines) -> Attempt {
        Attempt {
            id,
            began,
            from: head.size,
            incarnation: head.incarnation,
            sealed_for: SealedFor::of(sealing),
            steps: 0,
            place: Place::default(),
            head: None,
            lines,
            parts: Vec::new(),
            waiting: VecDeque::new(),
            rows: BTreeMap::new(),
            usage: BTreeMap::new(),
            erasures: Hearing::default(),
            read: 0,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn id(&self) -> &SnapshotId {
        &self.id
    }

    /// Whether it may be gone on with: of the same incarnation, for whoever may open what is sealed now, and begun not too long ago, by the
    /// clock and by the ledger, by whose times what it needs leaves.
    #[must_use]
    pub fn may_go_on(&self, head: &Head, sealing: &Sealing, now: Time) -> bool {
        let is_lately = |time: Time| time < self.began.plus_seconds(GOES_ON_SECONDS);
        let is_same = head.incarnation == self.incarnation && head.size >= self.from && SealedFor::of(sealing) == self.sealed_for;
        is_same && self.began <= now && is_lately(now) && is_lately(head.time)
    }

    /// Whether the parts that were put are there as they were put: by name and size.
    ///
    /// # Errors
    /// When the target does not answer.
    pub async fn is_there(&self, target: &Target) -> Result<bool, Failure> {
        let listed = target.list(&format!("{SNAPSHOTS}/{}", self.id)).await?;
        let put = self.parts.iter().take(self.parts.len() - self.waiting.len());
        Ok(put.into_iter().all(|part| listed.iter().any(|object| object.name == part.name && object.bytes == part.bytes)))
    }

    /// Whether it was the target that failed: then all that was read and sealed is kept.
    #[must_use]
    pub fn is_kept_after(failure: &Failure) -> bool {
        matches!(failure, Failure::Object(Problem { what: What::Target(_), .. }))
    }
}
