//! Which key a text is: for whoever found one and does not know whose it is.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::pasted::alone;
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
    /// The key that a text is or was a secret of, or has one of in it, whether or not it is accepted. It is no use of the key.
    ///
    /// # Errors
    /// `NotFound`: it is none of ours; `InvalidRequest` where it has several; [`Failure::Fault`] when the engine cannot read.
    pub async fn look_up_key(&self, text: &str) -> Result<(Arc<KeyEntry>, Which), Failure> {
        let none = || Refusal::new(Reason::NotFound, "this is the text of no key that was made or imported here");
        if let Some(found) = self.key_of_whole(text).await? {
            return Ok(found);
        }
        match alone(text)? {
            one if one == text => Err(none().into()),
            one => self.key_of_whole(one).await?.ok_or_else(|| none().into()),
        }
    }

    /// The same of a text that has nothing else in it.
    pub(crate) async fn key_of_whole(&self, text: &str) -> Result<Option<(Arc<KeyEntry>, Which)>, Failure> {
        if let Some((entry, slot)) = self.presented_key(text).await? {
            let which = match slot {
                Slot::Current => Which::Current,
                Slot::Previous => Which::Previous,
            };
            return Ok(Some((entry, which)));
        }
        // Its keyed check, or its hash, says that it was made or imported here: the key has another secret since.
        let Some(digest) = TextDigest::of(text) else { return Ok(None) };
        let Some(id) = self.key_of_text(text, &digest).await? else { return Ok(None) };
        Ok(self.key(id).await?.map(|entry| (entry, Which::Replaced)))
    }
}
