//! What a server knows of its drills.

use std::path::Path;

use jeton_backup::drill::receipt::Receipt;
use jeton_core::moment::Time;

use super::workplace::Workplace;

/// Where a drill makes its store, in the data folder.
pub(super) const FOLDER: &str = "jeton.drill";

/// Takes away what a drill left in the middle of which a process was killed. Drills say themselves what is in their way.
pub(super) fn clear(data: &Path) {
    let left = data.join(FOLDER);
    if !left.exists() {
        return;
    }
    if let Err(why) = Workplace::for_drill(left) {
        tracing::warn!(%why, "what is in the way of drills is left as it is");
    }
}

/// What is known of drills.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drilled {
    /// The last one that passed here, and its note.
    pub(crate) passed: Option<(Receipt, String)>,
    /// When the last one failed, and why, if it did.
    pub(crate) failed: Option<(Time, String)>,
    /// When a recipient's identity opened a backup last, in seconds.
    pub(crate) proven_at: Option<i64>,
    /// Whether the receipts on the target were read.
    pub(super) is_read: bool,
    /// Whether it was told that one is overdue.
    pub(super) is_overdue_told: bool,
}
