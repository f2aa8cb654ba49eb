//! Changes of keys that a cut-off or a suspension has overtaken: decided before it was known here, and committed after it.
//!
//! Cut-offs are read from memory and are no premise of a commit. So they are looked at once more when the change is durable, by when
//! whatever was committed before it is known; until then nobody is told what came of it.

use jeton_core::api_key::ApiKey;
use jeton_core::id::Actor;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::why::Why;

use super::owner::subjects_over;
use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Whether the key, as it was before it was rotated or transferred, is not cut off meanwhile. If it is, what came of it is revoked.
    ///
    /// # Errors
    /// `Conflict` where it was overtaken.
    pub(super) async fn check_not_overtaken(&self, before: &ApiKey) -> Result<(), Failure> {
        let Some(api) = self.registry.api(before.api.as_str()) else { return Ok(()) };
        let subjects = subjects_over(&before.owner, before.client.as_ref(), &api.record.audience);
        if self.latest_over(subjects, None) <= before.current.created_at {
            return Ok(());
        }
        self.revoke_key(before.id, Why::CutOff, &Actor::system(), &self.moments.now()).await?;
        Err(cut_off().into())
    }

    /// The same of a transfer, which takes a key from under a suspension too: then it is suspended by itself.
    ///
    /// # Errors
    /// `Conflict` where it was overtaken.
    pub(super) async fn check_transfer_not_overtaken(&self, before: &ApiKey) -> Result<(), Failure> {
        self.check_not_overtaken(before).await?;
        let Some(api) = self.registry.api(before.api.as_str()) else { return Ok(()) };
        if !self.is_any_suspended(subjects_over(&before.owner, before.client.as_ref(), &api.record.audience), None) {
            return Ok(());
        }
        self.suspend_key(before.id, Why::Unspecified, &Actor::system(), &self.moments.now()).await?;
        let detail = "the owner before, or the API, was suspended meanwhile: the key has its new owner, and is suspended";
        Err(Refusal::new(Reason::Conflict, detail).into())
    }
}

/// What is said of a key that a cut-off ended.
pub(super) fn cut_off() -> Refusal {
    Refusal::new(Reason::Conflict, "this key was cut off, with its owner, its API or everything: make another one")
}
