//! What somebody else than the tail says of how far a ledger went: whoever may delete on a target can take the tail's end away.

use jeton_backup::drill::receipt::Receipt;
use jeton_backup::failure::Failure;
use jeton_backup::names::RECEIPTS;
use jeton_backup::problem::{Problem, What};
use jeton_backup::restore::Restored;
use jeton_backup::target::Target;
use jeton_core::claim::Compared;
use jeton_core::commit::Sequence;
use jeton_store::ledger::checkpoint::{Checkpoint, CheckpointKey};
use jeton_store::ledger::{Frontier, Hash};
use jeton_store::store::{Fault, Store};

use super::apart::Apart;

/// How many receipts are asked, the newest first.
const RECEIPTS_ASKED: usize = 32;
/// How many objects are looked at for them: whoever cannot sign one can put others before it.
const OBJECTS_READ: usize = 2_000;
/// A receipt is a page of text: what is larger is none.
const RECEIPT_BYTES_MAX: u64 = 16 * 1024;

/// Whether a drill had more entries of this incarnation than were found now, or that cannot be seen for all that lies before the receipts.
pub(super) async fn tells_of_more(target: &Target, key: &CheckpointKey, restored: &Restored) -> Result<bool, Failure> {
    let found = restored.size + restored.left_behind;
    let (listed, mut asked, mut read) = (target.list(RECEIPTS).await?, 0, 0);
    for object in listed.iter().rev().filter(|object| object.bytes <= RECEIPT_BYTES_MAX) {
        if asked >= RECEIPTS_ASKED {
            break;
        }
        if read >= OBJECTS_READ {
            return Ok(true);
        }
        read += 1;
        let note = match target.get(&object.name).await {
            Err(problem @ Problem { what: What::Target(_), .. }) => return Err(problem.into()),
            // One that says nothing shows nothing.
            Err(_) => continue,
            Ok(note) => note,
        };
        let Some(receipt) = std::str::from_utf8(&note).ok().and_then(|note| Receipt::open(note, key)) else { continue };
        asked += 1;
        if receipt.incarnation == restored.incarnation && receipt.entries > found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many entries are read at once.
const PAGE: Sequence = 4_096;

/// How many entries a checkpoint is of, where its root is theirs.
pub(super) async fn compared(checkpoint: &Checkpoint, apart: &Apart) -> Result<Compared, String> {
    let restored = &apart.restored;
    let (size, found) = (checkpoint.size, restored.size + restored.left_behind);
    let (root, compared) = match () {
        () if size > found => return Ok(Compared::More),
        () if size == found => (restored.root_found, Compared::Same),
        () if size > restored.size => {
            return Err(format!(
                "the checkpoint is of {size} entries, amid those that an earlier time leaves behind: it shows nothing of the end. Hand in a \
                 later one, or leave --checkpoint out"
            ));
        }
        () => {
            let store = apart.service.store().clone();
            let reading = tokio::task::spawn_blocking(move || root_of(&*store, size));
            let root = reading.await.map_err(|error| error.to_string())?.map_err(|fault| fault.to_string())?;
            (root, Compared::Fewer)
        }
    };
    if root == checkpoint.root {
        return Ok(compared);
    }
    Err("the checkpoint is of another ledger: its root is not that of the entries that were found".into())
}

/// The root over the first entries.
fn root_of(store: &dyn Store, size: Sequence) -> Result<Hash, Fault> {
    let mut frontier = Frontier::default();
    while frontier.size() < size {
        let count = usize::try_from((size - frontier.size()).min(PAGE)).unwrap_or(usize::MAX);
        let entries = store.tail(frontier.size(), count)?;
        if entries.is_empty() {
            break;
        }
        entries.iter().for_each(|entry| frontier.append(entry.leaf()));
    }
    Ok(frontier.root())
}
