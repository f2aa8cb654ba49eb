//! Ending grants: by who holds the refresh token (RFC 7009), by the person, by those who administer.

use std::sync::Arc;

use jeton_core::commit::Commit;
use jeton_core::event::CutOffSubject;
use jeton_core::grant::end::end;
use jeton_core::id::{Actor, GrantId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::AccessToken;
use jeton_core::token::revoke::revoke;
use jeton_core::why::{Because, Speaker, Why};

use crate::failure::Failure;
use crate::identify::Identified;
use crate::service::Service;
use crate::transact::ATTEMPTS;

impl Service {
    /// Ends the grant of a refresh token that its client hands in, spent or not; `false`: the text is no refresh token of ours, or another
    /// client's, and nothing was done (RFC 7009 section 2.1).
    ///
    /// # Errors
    /// [`Failure`]; the grant is not known to have ended then.
    pub(crate) async fn revoke_refresh_token(&self, client: &Identified, text: &str, moment: &Moment) -> Result<bool, Failure> {
        let Some((id, presented)) = self.grant_named_by(text) else { return Ok(false) };
        let Some(grant) = self.grant(id).await? else { return Ok(false) };
        let root_keys = self.registry.root_keys().clone();
        let is_it = grant.record.family.as_ref().is_some_and(|family| family.generation_of(id, &presented, &root_keys).is_some());
        if !is_it || grant.record.client != client.record().id {
            return Ok(false);
        }
        self.end_grant(id, &Actor::client(&grant.record.client), moment).await.map(|_| true)
    }

    /// Ends a grant; `false`: it had ended.
    ///
    /// # Errors
    /// `NotFound`, or any other [`Failure`]: the grant is not known to have ended then.
    pub async fn end_grant<'a>(&self, id: GrantId, by: impl Into<Speaker<'a>>, moment: &Moment) -> Result<bool, Failure> {
        let (by, nobody, unsaid) = (by.into(), Arc::from(""), Because::Reason(Why::Unspecified));
        for _ in 0..ATTEMPTS {
            let grant = self.grant(id).await?.ok_or_else(no_grant)?;
            let ended = self.attempt(moment, &nobody, |reading, moment| {
                reading.rely_on_grant(id, Some(grant.version));
                let latest = self.latest_over_grant(id);
                Ok(end(&grant.record, latest, by.actor, by.why.unwrap_or(&unsaid), moment))
            });
            if let Some(ended) = ended.await? {
                return Ok(ended);
            }
        }
        Err(Failure::Contended)
    }

    pub(crate) fn latest_over_grant(&self, id: GrantId) -> i64 {
        self.registry.latest_cut_off(CutOffSubject::Family, &Arc::from(id.to_string()))
    }

    /// Revokes a token that was issued a moment ago and not handed out.
    pub(super) async fn unissue(&self, token: &AccessToken, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |_, moment| {
            Ok(match self.registry.api(token.api.as_str()) {
                Some(api) => revoke(token, &api.record.audience, &Actor::system(), false, moment),
                None => Outcome::grant((), Commit::new(moment)),
            })
        })
        .await
    }
}

fn no_grant() -> Refusal {
    Refusal::new(Reason::NotFound, "there is no grant of this id")
}
