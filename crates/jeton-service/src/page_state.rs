//! What browsers keep between two pages: sealed or tagged under the newest epoch of the root key, read under each that is there.
//! Nothing of it is in memory here, so that a flow that nobody ends costs nothing.

use jeton_core::moment::Moment;
use jeton_core::root_key::EpochKeys;
use zeroize::Zeroizing;

use crate::service::Service;

impl Service {
    /// Seals what a browser keeps; `None` where the cryptographic library refuses.
    #[must_use]
    pub fn seal_page_state(&self, state: &[u8], context: &str, moment: &mut Moment) -> Option<Vec<u8>> {
        let root_keys = self.registry.root_keys();
        let (epoch, keys) = root_keys.current();
        let sealed = keys?.seal_page_state(state, context.as_bytes(), moment).ok()?;
        Some([&epoch.to_be_bytes()[..], &sealed].concat())
    }

    /// Opens it; `None`: it was not sealed here, or for something else.
    #[must_use]
    pub fn open_page_state(&self, sealed: &[u8], context: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (epoch, sealed) = sealed.split_first_chunk::<2>()?;
        self.registry.root_keys().epoch(u16::from_be_bytes(*epoch))?.open_page_state(sealed, context.as_bytes()).ok()
    }

    /// What shows that these parts were put together here.
    #[must_use]
    pub fn page_tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.registry.root_keys().current().1.map_or_else(Default::default, |keys| keys.page_tag(&together(parts)))
    }

    /// Whether they were.
    #[must_use]
    pub fn is_page_tag(&self, parts: &[&[u8]], tag: &[u8; 16]) -> bool {
        let (root_keys, written) = (self.registry.root_keys(), together(parts));
        let is_of = |keys: &EpochKeys| keys.is_page_tag(&written, tag);
        root_keys.numbers().filter_map(|number| root_keys.epoch(number)).any(is_of)
    }
}

/// Each part with its length before it: no two lists are one message.
fn together(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut written = Zeroizing::new(Vec::new());
    for part in parts {
        written.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        written.extend_from_slice(part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_are_one_message() {
        let lists: [&[&[u8]]; 6] = [&[], &[b""], &[b"", b""], &[b"ab"], &[b"a", b"b"], &[b"ab", b""]];
        for (place, list) in lists.iter().enumerate() {
            for other in lists.iter().skip(place + 1) {
                assert_ne!(together(list), together(other), "{list:?} {other:?}");
            }
        }
    }
}
