//! What a client may learn of a refresh token that it has.

use jeton_core::client::Client;
use jeton_core::grant::end::is_there;
use jeton_core::grant::refresh::ends_at;
use jeton_core::moment::Moment;

use super::surroundings::Between;
use crate::failure::Failure;
use crate::introspect::ActiveRefresh;
use crate::service::Service;

impl Service {
    /// The grant of a refresh token that its client would be answered for now, by another; `None`: it is none, another client's, spent, or over.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub(crate) async fn active_refresh_token(
        &self,
        caller: &Client,
        text: &str,
        moment: &Moment,
    ) -> Result<Option<ActiveRefresh>, Failure> {
        let Some((id, presented)) = self.grant_named_by(text) else { return Ok(None) };
        let Some(grant) = self.grant(id).await?.map(|grant| grant.record) else { return Ok(None) };
        let Some(family) = grant.family.as_ref().filter(|_| grant.client == caller.id) else { return Ok(None) };
        let (between, now) = (Between::of(&grant), self.ledger_time(moment).seconds());
        let is_current = family.generation_of(id, &presented, &self.registry.root_keys()) == Some(family.generation);
        let person = self.registry.people.all.get(grant.person.as_str());
        let expires_at = ends_at(&grant, family, &self.registry.policies());
        let stands = is_current
            && is_there(&grant)
            && grant.created_at >= self.ended_before(&between)
            && person.is_some_and(|person| person.record.is_active())
            && self.check_not_suspended(&between, None).is_ok()
            && now < expires_at;
        Ok(stands.then_some(ActiveRefresh { grant, expires_at }))
    }
}
