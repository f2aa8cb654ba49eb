//! Ending keys, for now or for ever.

use jeton_core::api_key::resume::resume;
use jeton_core::api_key::revoke::revoke;
use jeton_core::api_key::state::Why;
use jeton_core::api_key::suspend::suspend;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;

use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Revokes a key for ever, with all its secrets. One that is revoked already stays as it was.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to be revoked then.
    pub async fn revoke_key(&self, id: ApiKeyId, why: Why, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_key(id, moment, |_, key, moment| Ok(revoke(key, why, actor, moment))).await
    }

    /// Suspends a key until it is resumed.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to be suspended then.
    pub async fn suspend_key(&self, id: ApiKeyId, why: Why, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_key(id, moment, |_, key, moment| Ok(suspend(key, why, actor, moment))).await
    }

    /// Accepts a suspended key again.
    ///
    /// # Errors
    /// [`Failure`]; it stays suspended then.
    pub async fn resume_key(&self, id: ApiKeyId, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_key(id, moment, |_, key, moment| Ok(resume(key, &self.registry.policies(), actor, moment))).await
    }
}
