//! All that is known of one token, for those who administer.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::id::CredentialId;
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::AccessToken;
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::suspend::Standing;

use crate::Service;
use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::registry::clients::ClientEntry;

/// A token, and how it stands.
pub struct TokenState {
    /// What is kept of it.
    pub token: AccessToken,
    /// How it stands now.
    pub life: Life,
    /// What it is for; `None` once that is gone.
    pub api: Option<Arc<Versioned<Api>>>,
    /// Who holds it; `None` once that is gone.
    pub client: Option<Arc<ClientEntry>>,
    /// When it really ends, in seconds: as issued, or earlier where its API's lifetime was lowered since.
    pub expires_at: i64,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Accepted.
    Active,
    /// Refused until resumed.
    Suspended,
    /// Over by its own time.
    Expired,
    /// Ended before its time: revoked, beyond a cut-off, or its client or API is gone.
    Revoked,
}

impl Life {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Life::Active => "active",
            Life::Suspended => "suspended",
            Life::Expired => "expired",
            Life::Revoked => "revoked",
        }
    }

    /// Whether a revocation now ends anything.
    #[must_use]
    pub fn can_fall(self) -> bool {
        matches!(self, Life::Active | Life::Suspended)
    }
}

impl Service {
    /// A token by its id.
    ///
    /// # Errors
    /// `NotFound` when there is no such token, or it has left with its time.
    pub async fn token_state(&self, id: CredentialId, moment: &Moment) -> Result<TokenState, Failure> {
        Ok(self.state_of(&*self.find(id).await?.ok_or_else(no_token)?, moment))
    }

    /// A token by its text.
    ///
    /// # Errors
    /// `NotFound` when it is none of ours.
    pub async fn token_state_of_text(&self, text: &str, moment: &Moment) -> Result<TokenState, Failure> {
        Ok(self.state_of(&*self.prove(text).await?.ok_or_else(no_token)?, moment))
    }

    /// The state of a token that was just issued.
    #[must_use]
    pub fn state_of_issued(&self, token: &AccessToken, moment: &Moment) -> TokenState {
        self.state_of(&Proven { token: token.clone(), signing_key: None, not_before: token.issued_at }, moment)
    }

    fn state_of(&self, proven: &Proven, moment: &Moment) -> TokenState {
        let token = proven.token.clone();
        let (standing, api) = self.stand(proven, moment);
        let expires_at = api.as_ref().map_or(token.expires_at, |api| effective_expiry(&token, &api.record));
        let life = match standing {
            Standing::Active => Life::Active,
            // What is over needs no other reason.
            Standing::Suspended | Standing::Revoked if expires_at <= moment.now.seconds() => Life::Expired,
            Standing::Suspended => Life::Suspended,
            Standing::Revoked => Life::Revoked,
        };
        TokenState { life, api, client: self.registry.clients.get(token.client.as_str()), expires_at, token }
    }
}

fn no_token() -> Refusal {
    Refusal::new(Reason::NotFound, "there is no such token: it was never issued here, or it has left with its time")
}
