//! What a target shows of what a restore of it may lack.

use jeton_core::claim::{Claim, Evidence, claim};

use crate::restore::Restored;

impl Restored {
    /// What the target shows of what may be missing.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            end: self.end,
            last_seconds: self.time_found.seconds(),
            is_earlier: self.left_behind > 0,
            has_others: !self.others.is_empty(),
            has_lost_erasures: !self.lost_erasures.is_empty(),
            checkpoint: None,
            receipt_has_more: false,
        }
    }

    /// What may be claimed by the target alone.
    #[must_use]
    pub fn claim(&self) -> Claim {
        claim(&self.evidence())
    }
}
