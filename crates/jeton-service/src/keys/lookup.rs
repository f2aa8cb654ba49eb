//! Which key a text is: for whoever found one and does not know whose it is.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::refusal::{Reason, Refusal};

use super::entry::KeyEntry;
use crate::failure::Failure;
use crate::service::Service;
use crate::text_digest::TextDigest;

/// Which of a key's secrets a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that it has.
    Current,
    /// The one before.
    Previous,
    /// One that was replaced since.
    Replaced,
}

impl Which {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Which::Current => "current",
            Which::Previous => "previous",
            Which::Replaced => "replaced",
        }
    }
}

impl Service {
    /// The key that a text is or was a secret of, whether or not it is accepted. It is no use of the key.
    ///
    /// # Errors
    /// `NotFound`: it is none of ours; [`Failure::Fault`] when the engine cannot read.
    pub async fn look_up_key(&self, text: &str) -> Result<(Arc<KeyEntry>, Which), Failure> {
        let none = || Refusal::new(Reason::NotFound, "this is the text of no key that was made or imported here");
        if let Some((entry, slot)) = self.presented_key(text).await? {
            let which = match slot {
                Slot::Current => Which::Current,
                Slot::Previous => Which::Previous,
            };
            return Ok((entry, which));
        }
        // Its keyed check, or its hash, says that it was made or imported here: the key has another secret since.
        let digest = TextDigest::of(text).ok_or_else(none)?;
        let id = self.key_of_text(text, &digest).await?.ok_or_else(none)?;
        Ok((self.key(id).await?.ok_or_else(none)?, Which::Replaced))
    }
}
