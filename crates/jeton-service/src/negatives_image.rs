//! What a clean end leaves behind: an image of the negatives, so that the next start need not read each row of them.
//!
//! It is sealed under the root key and bound to the ledger's head: it opens only where nothing was committed since, and where not a bit of it
//! was changed. A start that cannot open it reads the rows: an image may be lost, stale or damaged, and says nothing then.

use jeton_core::moment::Moment;
use jeton_core::root_key::RootKeys;
use jeton_store::ledger::Head;

/// Seals an image of what follows the ledger up to this head.
pub(crate) fn seal(image: &[u8], head: &Head, root_keys: &RootKeys, moment: &mut Moment) -> Option<Vec<u8>> {
    let (epoch, keys) = root_keys.current();
    let sealed = keys?.seal(image, &context(head), moment).ok()?;
    Some([epoch.to_be_bytes().as_slice(), &sealed].concat())
}

/// Opens, where it lies, an image that was left at this head.
pub(crate) fn open<'i>(image: &'i mut [u8], head: &Head, root_keys: &RootKeys) -> Option<&'i [u8]> {
    let (epoch, sealed) = image.split_first_chunk_mut::<2>()?;
    root_keys.epoch(u16::from_be_bytes(*epoch))?.open_in_place(sealed, &context(head)).ok()
}

/// What an image is bound to: what it is, and where the ledger ended.
fn context(head: &Head) -> Vec<u8> {
    let Head { size, time, incarnation, frontier } = head;
    let (size, time, root) = (size.to_be_bytes(), time.micros().to_be_bytes(), frontier.root());
    [b"jeton/negatives-image/3".as_slice(), incarnation, &size, &time, &root].concat()
}
