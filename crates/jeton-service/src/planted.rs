//! Canaries that are planted around a snapshot, and looked for in what a drill makes of it.

use std::sync::Arc;

use jeton_core::api::management;
use jeton_core::canary::{let_planted_fall, plant};
use jeton_core::id::CredentialId;
use jeton_core::moment::Moment;
use jeton_core::token::AccessToken;
use jeton_verify::negatives::{Described, Judgement};

use crate::failure::Failure;
use crate::service::Service;
use crate::transact::failure;

/// Three tokens that nobody holds.
#[derive(Clone, Debug)]
pub struct Planted {
    /// Revoked before the snapshot.
    pub revoked_before: AccessToken,
    /// To be revoked after it.
    pub revoked_after: AccessToken,
    /// Never revoked.
    pub kept: AccessToken,
}

impl Service {
    /// Plants three, and revokes the first.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn plant_canaries(&self, moment: &Moment) -> Result<Planted, Failure> {
        let head = self.store.head().time;
        if self.posture.is_behind(head, &self.moments) {
            return Err(Failure::ClockBehind);
        }
        let mut moments = moment.clone().not_before(head);
        let (commit, [revoked_before, revoked_after, kept]) = plant(&mut moments.split());
        self.commit(commit, &Arc::from("")).await.map_err(failure)?;
        self.let_canary_fall(&revoked_before, &moments.split()).await?;
        Ok(Planted { revoked_before, revoked_after, kept })
    }

    /// Revokes one that was planted.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn let_canary_fall(&self, planted: &AccessToken, moment: &Moment) -> Result<(), Failure> {
        let mut moment = moment.clone().not_before(self.store.head().time);
        let audience = Arc::from(management::audience(self.issuer.as_str()));
        self.commit(let_planted_fall(planted, &audience, &mut moment), &Arc::from("")).await.map(drop).map_err(failure)
    }

    /// Whether one that was planted is refused as revoked; `None`: there is no such token here.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn refuses_planted(&self, id: CredentialId) -> Result<Option<bool>, Failure> {
        let Some(proven) = self.find(id).await? else { return Ok(None) };
        let token = &proven.token;
        let audience = management::audience(self.issuer.as_str());
        let described = Described {
            token: token.id.0,
            issued_at: token.issued_at,
            client: token.client.as_str(),
            audience: &audience,
            ..Described::default()
        };
        let judgement = self.registry.negatives.judge(&described, self.moments.time().seconds());
        Ok(Some(judgement == Judgement::Revoked))
    }
}
