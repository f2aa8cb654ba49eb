//! Ending keys, for now or for ever.

use jeton_core::administrator::Administrator;
use jeton_core::api_key::resume::resume;
use jeton_core::api_key::revoke::revoke;
use jeton_core::api_key::suspend::suspend;
use jeton_core::commit::Commit;
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::why::{Because, Why};

use crate::authenticate::Authenticated;
use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Revokes a key for ever, with all its secrets. One that is revoked already stays as it was.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to be revoked then.
    pub async fn revoke_key(&self, id: ApiKeyId, why: impl Into<Because>, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let why = why.into();
        self.change_key(id, moment, |_, key, moment| Ok(revoke(key, why.clone(), actor, moment))).await
    }

    /// Revokes a key that its client hands in: its own, or one that it handed out.
    pub(crate) async fn revoke_own_key(&self, client: &Authenticated, id: ApiKeyId, moment: &Moment) -> Result<(), Failure> {
        let holder = &client.entry.client.record.id;
        self.change_key(id, moment, |_, key, moment| {
            let mut outcome = if key.record.holder() == Some(holder) {
                revoke(key, Why::Unspecified, &Actor(format!("client:{holder}").into()), moment)
            } else {
                Outcome::refuse(Refusal::new(Reason::UnauthorizedClient, "this key is another's"), Commit::new(moment))
            };
            outcome.commit.marks.extend(client.mark.clone());
            Ok(outcome)
        })
        .await
    }

    /// Suspends a key until it is resumed.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to be suspended then.
    pub async fn suspend_key(&self, id: ApiKeyId, why: impl Into<Because>, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let why = why.into();
        let used = self.used(&*self.find_key(id).await?);
        self.change_key(id, moment, |_, key, moment| Ok(suspend(key, &self.registry.policies(), used, (why.clone(), actor), moment))).await
    }

    /// Accepts a suspended key again, also one that is refused because nobody used it.
    ///
    /// # Errors
    /// [`Failure`]; it stays suspended then.
    pub async fn resume_key(&self, id: ApiKeyId, by: &Administrator, moment: &Moment) -> Result<(), Failure> {
        let entry = self.find_key(id).await?;
        self.change_key(id, moment, |_, key, moment| {
            by.check_gives_key(&key.record)?;
            let policies = self.registry.policies();
            let around = self.surroundings(&entry, &self.judged(&entry), &policies);
            Ok(resume(key, &around, by, moment))
        })
        .await
    }
}
