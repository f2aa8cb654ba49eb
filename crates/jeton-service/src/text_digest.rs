//! The digest of a secret text, in memory alone: who shows the same text again has proven the same.

use aws_lc_rs::digest::{SHA256, digest};
use jeton_jose::jws::MAX_TOKEN_BYTES;
use subtle::ConstantTimeEq as _;

/// The SHA-256 of a token's or a secret's text. Such texts hold 128 random bits and more, so that it tells nothing of them; it is not stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TextDigest([u8; 32]);

impl TextDigest {
    /// `None`: the text is longer than any token.
    pub(crate) fn of(text: &str) -> Option<TextDigest> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Some(TextDigest(bytes))
    }

    /// The digest itself: what imported keys are found by, once it is keyed.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the same text, in constant time.
    pub(crate) fn matches(&self, other: &TextDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
