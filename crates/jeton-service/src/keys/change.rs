//! Changing keys: what they allow, whose they are, and their secrets.

use jeton_core::administrator::Administrator;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::end_previous::end_previous;
use jeton_core::api_key::facts::RESUME;
use jeton_core::api_key::rotate::{Rotate, Rotated, RotatedBy, once_more, rotate};
use jeton_core::api_key::standing::check_not_idle;
use jeton_core::api_key::transfer::transfer;
use jeton_core::api_key::update::{UpdateKey, update};
use jeton_core::id::{Actor, ApiKeyId, ClientId};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::owner::Owner;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::issue::Clear;

use super::overtaken::cut_off;
use super::owner::Around;
use crate::failure::Failure;
use crate::once::gone;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

impl Service {
    /// Changes a key.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_key(&self, id: ApiKeyId, request: &UpdateKey, by: &Administrator, moment: &Moment) -> Result<ApiKey, Failure> {
        for _ in 0..ATTEMPTS {
            let (found, uses) = (self.find_key(id).await?, self.uses(id).await?);
            let updated = self
                .attempt(moment, &std::sync::Arc::from(""), |reading, moment| {
                    reading.rely_on_key(&found.key);
                    reading.rely_on_uses(id, uses.as_ref());
                    let around = self.around(reading, &found.key.record)?;
                    let leased = uses.as_ref().map_or(0, |uses| uses.record.leased);
                    let outcome = update(&found.key, &self.facts(&around), leased, request, by, moment);
                    // Its text may be in the hands of whoever changes where it is accepted: also what it keeps is given.
                    by.check_gives_key(&found.key.record)?;
                    outcome.verdict.iter().try_for_each(|updated| by.check_gives_key(updated))?;
                    Ok(outcome)
                })
                .await?;
            if let Some(updated) = updated {
                return Ok(updated);
            }
        }
        Err(Failure::Contended)
    }

    /// Gives a key to another owner; `client`, by id or name, is who hands it out to somebody outside.
    ///
    /// # Errors
    /// [`Failure`]; it stays whose it was then.
    pub async fn transfer_key(
        &self,
        id: ApiKeyId,
        (to, client): (&Owner, Option<&str>),
        by: &Administrator,
        moment: &Moment,
    ) -> Result<ApiKey, Failure> {
        let mut before = None;
        let transferred = self.change_key(id, moment, |reading, key, moment| {
            before = Some(key.record.clone());
            // Those of the owner before: the new one must not bring back what they ended.
            let around = self.around(reading, &key.record)?;
            self.check_not_cut_off(key, &around)?;
            check_not_suspended(&around)?;
            let api = self.find_api(key.record.api.as_str())?;
            let client: Option<ClientId> =
                client.map(|client| self.find_client(client)).transpose()?.map(|entry| entry.client.record.id.clone());
            let around = self.around_key(reading, api, to, client.as_ref());
            by.check_gives_key(&key.record)?;
            let outcome = transfer(key, to, &self.facts(&around), by, moment);
            outcome.verdict.iter().try_for_each(|transferred| by.check_gives_key(transferred))?;
            Ok(outcome)
        });
        let transferred = transferred.await?;
        if let Some(before) = &before {
            self.check_transfer_not_overtaken(before).await?;
        }
        Ok(transferred)
    }

    /// Gives a key another secret; the one before goes on for a while.
    ///
    /// # Errors
    /// [`Failure`]; it has none then.
    pub async fn rotate_key(&self, id: ApiKeyId, request: Rotate, by: &Administrator, moment: &Moment) -> Result<Rotated, Failure> {
        let make = async |moment: Moment| {
            let used = self.used(&*self.find_key(id).await?);
            let mut before = None;
            let rotated = self.change_key(id, &moment, |reading, key, moment| {
                before = Some(key.record.clone());
                by.check_gives_key(&key.record)?;
                check_not_idle(&key.record, &self.registry.policies(), used, moment.now.seconds())?;
                let outcome = self.decide_rotation(reading, key, request, RotatedBy::Administrator(by), moment)?;
                Ok(outcome.remembering(moment, |rotated| rotated.key.id.to_string()))
            });
            let rotated = rotated.await?;
            if let Some(before) = &before {
                self.check_not_overtaken(before).await?;
            }
            Ok(rotated)
        };
        let again = async |made: Remembered| self.key_once_more(&made, by).await.map(|(key, clear)| Rotated { key, clear });
        self.once(moment, make, again).await
    }

    /// The key whose secret a request made, with its text as it was told then.
    pub(crate) async fn key_once_more(&self, made: &Remembered, by: &Administrator) -> Result<(ApiKey, Clear), Failure> {
        let id = ApiKeyId::parse(&made.made).ok_or_else(gone)?;
        let key = self.key(id).await?.ok_or_else(gone)?.key.record.clone();
        by.check_gives_key(&key)?;
        let clear = once_more(&key, &made.salt, &self.prefix, &self.registry.root_keys()).ok_or_else(gone)?;
        Ok((key, clear))
    }

    /// Ends the secret before the current one early.
    ///
    /// # Errors
    /// [`Failure`]; it is not known to have ended then.
    pub async fn end_previous_secret(&self, id: ApiKeyId, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_key(id, moment, |_, key, moment| Ok(end_previous(key, actor, moment))).await
    }

    pub(super) fn decide_rotation(
        &self,
        reading: &Reading<'_>,
        key: &Versioned<ApiKey>,
        request: Rotate,
        by: RotatedBy<'_>,
        moment: &mut Moment,
    ) -> Result<Outcome<Rotated>, Failure> {
        let around = self.around(reading, &key.record)?;
        self.check_not_cut_off(key, &around)?;
        Ok(rotate(key, &self.facts(&around), request, by, moment))
    }

    /// A cut-off is final: neither a later secret nor another owner brings back what it ended.
    fn check_not_cut_off(&self, key: &Versioned<ApiKey>, around: &Around) -> Result<(), Refusal> {
        if key.record.current.created_at < around.not_before_seconds() {
            return Err(cut_off());
        }
        Ok(())
    }

    fn around(&self, reading: &Reading<'_>, key: &ApiKey) -> Result<Around, Refusal> {
        let api = self.registry.api(key.api.as_str());
        let gone = || Refusal::new(Reason::Conflict, "the API of this key is gone, and the key with it");
        Ok(self.around_key(reading, api.ok_or_else(gone)?, &key.owner, key.client.as_ref()))
    }
}

/// What is a suspended owner's stays so: another owner would bring it back.
fn check_not_suspended(around: &Around) -> Result<(), Refusal> {
    if around.is_suspended() {
        return Err(Refusal::new(Reason::Conflict, "the owner of this key, or its API, is suspended: resume it first").hinting(RESUME));
    }
    Ok(())
}
