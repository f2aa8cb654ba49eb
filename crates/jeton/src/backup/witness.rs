//! What somebody else than the tail says of how far a ledger went: whoever may delete on a target can take the tail's end away.

use jeton_backup::drill::receipt::Receipt;
use jeton_backup::failure::Failure;
use jeton_backup::names::RECEIPTS;
use jeton_backup::problem::{Problem, What};
use jeton_backup::restore::Restored;
use jeton_backup::target::Target;
use jeton_store::ledger::checkpoint::CheckpointKey;

/// How many receipts are asked, the newest first.
const RECEIPTS_ASKED: usize = 32;

/// Whether a drill had more entries of this incarnation than were found now.
pub(super) async fn tells_of_more(target: &Target, key: &CheckpointKey, restored: &Restored) -> Result<bool, Failure> {
    let found = restored.size + restored.left_behind;
    for object in target.list(RECEIPTS).await?.iter().rev().take(RECEIPTS_ASKED) {
        let note = match target.get(&object.name).await {
            Err(problem @ Problem { what: What::Target(_), .. }) => return Err(problem.into()),
            // One that says nothing shows nothing.
            Err(_) => continue,
            Ok(note) => note,
        };
        let receipt = std::str::from_utf8(&note).ok().and_then(|note| Receipt::open(note, key));
        if receipt.is_some_and(|receipt| receipt.incarnation == restored.incarnation && receipt.entries > found) {
            return Ok(true);
        }
    }
    Ok(false)
}
