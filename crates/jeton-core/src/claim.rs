//! What a restore may claim: until when nothing is missing, and why that is so. Everything that decides it comes together here, and nowhere else.

use std::fmt;

use crate::gap::Known;

/// What was found of a ledger, as far as it shows what may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How the tail ends.
    pub end: End,
    /// The time of the last entry that was found, in seconds; of those that were left behind, too.
    pub last_seconds: i64,
    /// Whether an earlier time was asked for, and later entries are left behind.
    pub is_earlier: bool,
    /// Whether the target has entries of an incarnation that the ledger does not come from.
    pub has_others: bool,
    /// Whether something was erased of which the target says no more what it was.
    pub has_lost_erasures: bool,
    /// A checkpoint that was kept elsewhere, and when it was signed, in seconds.
    pub checkpoint: Option<(Compared, i64)>,
    /// Whether the receipt of a drill has more entries than were found.
    pub receipt_has_more: bool,
}

/// How a tail ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing says so: the server was killed, or went on with another target.
    Unsaid,
    /// There is more behind a hole.
    BehindAHole,
    /// The server had stopped in order.
    InOrder,
    /// Whatever was acknowledged to end was here first.
    Sync,
}

/// How many entries a checkpoint is of. One that is of as many or fewer has their root: else it is of another ledger, and shows nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Of fewer than were found.
    Fewer,
    /// Of those that were found.
    Same,
    /// Of more.
    More,
}

/// What may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Until when nothing is missing whose end was acknowledged, in seconds; `None`: no time is known.
    pub until_seconds: Option<i64>,
    /// Why.
    pub why: Why,
    /// How the ledger goes on.
    pub known: Known,
}

/// Why something may be claimed, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// [`End::InOrder`].
    InOrder,
    /// [`End::Sync`].
    Sync,
    /// [`End::Unsaid`].
    Unsaid,
    /// The same, and a checkpoint shows that nothing is missing until it was signed.
    UntilCheckpoint,
    /// [`End::BehindAHole`].
    BehindAHole,
    /// [`Evidence::has_others`].
    Others,
    /// [`Evidence::has_lost_erasures`].
    LostErasures,
    /// The checkpoint has more entries.
    CheckpointHasMore,
    /// [`Evidence::receipt_has_more`].
    ReceiptHasMore,
}

impl Claim {
    /// Whether nothing is missing, for all that is known: what was made before counts.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.known != Known::MayLack
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Why::InOrder => "the server had stopped in order, and none has told this target since that it goes on",
            Why::Sync => "what was acknowledged to end was here first, and no server has told this target that it goes on with another",
            Why::Unsaid => "the tail does not say that nothing came after it",
            Why::UntilCheckpoint => "a checkpoint does not show what came after it was signed",
            Why::BehindAHole => "the tail has a hole, and goes on behind it",
            Why::Others => "another server went on from this ledger, or from one of before",
            Why::LostErasures => "the target has lost what was erased",
            Why::CheckpointHasMore => "the checkpoint has more entries than the target",
            Why::ReceiptHasMore => "a drill had more entries than the target has now",
        })
    }
}

/// What may be claimed by what was found. What shows that something is missing goes before what shows that nothing is; a checkpoint shows
/// nothing of what came after it was signed, and lets nothing from before count.
#[must_use]
pub fn claim(found: &Evidence) -> Claim {
    let lacks = |until_seconds, why| Claim { until_seconds, why, known: Known::MayLack };
    let shown = match found.checkpoint {
        Some((Compared::Same, signed_at)) => found.last_seconds.max(signed_at),
        _ => found.last_seconds,
    };
    // Whoever else wrote may have taken something away at any time.
    if found.has_others {
        return lacks(None, Why::Others);
    }
    if found.has_lost_erasures {
        return lacks(None, Why::LostErasures);
    }
    if let Some((Compared::More, _)) = found.checkpoint {
        return lacks(Some(found.last_seconds), Why::CheckpointHasMore);
    }
    if found.receipt_has_more {
        return lacks(Some(found.last_seconds), Why::ReceiptHasMore);
    }
    let known = if found.is_earlier { Known::UntilThen } else { Known::All };
    match found.end {
        End::BehindAHole => lacks(Some(found.last_seconds), Why::BehindAHole),
        End::Unsaid if shown > found.last_seconds => lacks(Some(shown), Why::UntilCheckpoint),
        End::Unsaid => lacks(Some(shown), Why::Unsaid),
        End::InOrder => Claim { until_seconds: Some(shown), why: Why::InOrder, known },
        End::Sync => Claim { until_seconds: Some(shown), why: Why::Sync, known },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: i64 = 1_000;
    const EARLIER: i64 = LAST - 60;
    const LATER: i64 = LAST + 60;

    /// The ways in which evidence differs from a tail that says nothing of its end.
    type But = fn(&mut Evidence);

    fn found(end: End, but: &[But]) -> Evidence {
        let mut found = Evidence {
            end,
            last_seconds: LAST,
            is_earlier: false,
            has_others: false,
            has_lost_erasures: false,
            checkpoint: None,
            receipt_has_more: false,
        };
        but.iter().for_each(|but| but(&mut found));
        found
    }

    const OTHERS: But = |found| found.has_others = true;
    const ERASURES: But = |found| found.has_lost_erasures = true;
    const RECEIPT: But = |found| found.receipt_has_more = true;
    const FORMER: But = |found| found.is_earlier = true;
    const MORE: But = |found| found.checkpoint = Some((Compared::More, LATER));
    const SAME: But = |found| found.checkpoint = Some((Compared::Same, LATER));
    const SAME_EARLIER: But = |found| found.checkpoint = Some((Compared::Same, EARLIER));
    const FEWER: But = |found| found.checkpoint = Some((Compared::Fewer, LATER));

    #[test]
    fn what_may_be_claimed() {
        let check = |end, but: &[But], until_seconds, why, known| {
            let found = found(end, but);
            assert_eq!(claim(&found), Claim { until_seconds, why, known }, "{found:?}");
        };
        use End::{BehindAHole, InOrder, Sync, Unsaid};
        use Known::{All, MayLack, UntilThen};
        // The target alone.
        check(InOrder, &[], Some(LAST), Why::InOrder, All);
        check(Sync, &[], Some(LAST), Why::Sync, All);
        check(Unsaid, &[], Some(LAST), Why::Unsaid, MayLack);
        check(BehindAHole, &[], Some(LAST), Why::BehindAHole, MayLack);
        // An earlier time on purpose.
        check(InOrder, &[FORMER], Some(LAST), Why::InOrder, UntilThen);
        check(Sync, &[FORMER], Some(LAST), Why::Sync, UntilThen);
        check(Unsaid, &[FORMER], Some(LAST), Why::Unsaid, MayLack);
        check(Unsaid, &[FORMER, SAME], Some(LATER), Why::UntilCheckpoint, MayLack);
        check(InOrder, &[FORMER, OTHERS], None, Why::Others, MayLack);
        // A checkpoint of whatever age proves until its time, and lets nothing count.
        check(Unsaid, &[SAME], Some(LATER), Why::UntilCheckpoint, MayLack);
        check(Unsaid, &[SAME_EARLIER], Some(LAST), Why::Unsaid, MayLack);
        check(Unsaid, &[FEWER], Some(LAST), Why::Unsaid, MayLack);
        check(BehindAHole, &[SAME], Some(LAST), Why::BehindAHole, MayLack);
        check(InOrder, &[SAME], Some(LATER), Why::InOrder, All);
        check(InOrder, &[FEWER], Some(LAST), Why::InOrder, All);
        check(Sync, &[SAME_EARLIER], Some(LAST), Why::Sync, All);
        // One with more shows that some are missing, whatever the tail says.
        for end in [Unsaid, InOrder, Sync, BehindAHole] {
            check(end, &[MORE], Some(LAST), Why::CheckpointHasMore, MayLack);
            check(end, &[RECEIPT], Some(LAST), Why::ReceiptHasMore, MayLack);
            check(end, &[RECEIPT, SAME], Some(LAST), Why::ReceiptHasMore, MayLack);
            check(end, &[OTHERS], None, Why::Others, MayLack);
            check(end, &[ERASURES], None, Why::LostErasures, MayLack);
            check(end, &[ERASURES, MORE, RECEIPT, FORMER], None, Why::LostErasures, MayLack);
            check(end, &[OTHERS, SAME, FORMER], None, Why::Others, MayLack);
        }
    }
}
