//! All that is known of one token, for those who administer.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::id::{CredentialId, KeyId};
use jeton_core::key::signed::can_have_signed;
use jeton_core::key::{SigningKeyRecord, State};
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::AccessToken;
use jeton_core::token::standing::Standing;

use crate::Service;
use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::registry::clients::ClientEntry;

/// A token, and how it stands.
pub struct TokenState {
    /// What is kept of it.
    pub token: AccessToken,
    /// How it stands now.
    pub standing: Standing,
    /// What it is for; `None` once that is gone.
    pub api: Option<Arc<Versioned<Api>>>,
    /// Who holds it; `None` once that is gone.
    pub client: Option<Arc<ClientEntry>>,
    /// When it really ends, in seconds: as issued, or earlier where its API's lifetime was lowered since.
    pub expires_at: i64,
    /// From when on it may be used, in seconds.
    pub not_before: i64,
    /// The keys that can have signed it. Its row does not name one: it is signed after its commit. One, but for a moment around a
    /// rotation; none of an opaque token.
    pub signed_by: Vec<SignedBy>,
}

/// A key that can have signed a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBy {
    /// Its `kid`.
    pub key: KeyId,
    /// Nothing that it signed is trusted any more.
    pub is_revoked: bool,
}

impl TokenState {
    /// A revoked key that can have signed it. Of a token that stands all the same, only its text tells whether it did.
    #[must_use]
    pub fn signed_by_revoked(&self) -> Option<&KeyId> {
        self.signed_by.iter().find(|by| by.is_revoked).map(|by| &by.key)
    }
}

impl Service {
    /// A token by its id.
    ///
    /// # Errors
    /// `NotFound` when there is no such token, or it has left with its time.
    pub async fn token_state(&self, id: CredentialId, moment: &Moment) -> Result<TokenState, Failure> {
        let proven = self.find(id).await?.ok_or_else(no_token)?;
        Ok(self.state_of(&self.with_signer(&proven, moment), moment))
    }

    /// A token by its text.
    ///
    /// # Errors
    /// `NotFound` when it is none of ours.
    pub async fn token_state_of_text(&self, text: &str, moment: &Moment) -> Result<TokenState, Failure> {
        Ok(self.state_of(&*self.prove(text).await?.ok_or_else(no_token)?, moment))
    }

    /// The JWT of an id, where this key signed it; `None`: no JWT of that id is kept.
    pub(crate) async fn token_state_signed_by(&self, id: CredentialId, key: &str, moment: &Moment) -> Result<Option<TokenState>, Failure> {
        let found = self.find(id).await?.filter(|proven| proven.token.proof.is_none());
        Ok(found.map(|proven| self.state_of(&Proven { signing_key: Some(Arc::from(key)), ..(*proven).clone() }, moment)))
    }

    /// The state of a token that was just issued.
    #[must_use]
    pub fn state_of_issued(&self, token: &AccessToken, moment: &Moment) -> TokenState {
        self.state_of(&Proven { token: token.clone(), signing_key: None, not_before: token.issued_at }, moment)
    }

    /// With the key that signed it, where that can be told; of several that are all revoked, one of them. Good for an answer: a change is
    /// decided without it.
    fn with_signer(&self, proven: &Proven, moment: &Moment) -> Proven {
        let signed_by = self.signed_by(&proven.token, proven.signing_key.as_deref(), moment);
        let is_told = signed_by.len() == 1 || signed_by.iter().all(|by| by.is_revoked);
        let signing_key = signed_by.first().filter(|_| is_told).map(|by| by.key.0.clone());
        Proven { signing_key, ..proven.clone() }
    }

    /// Whether every key that can have signed a token is revoked.
    pub(crate) fn died_with_its_key(&self, token: &AccessToken, moment: &Moment) -> bool {
        let is_any_revoked = self.registry.keys().records().any(|key| key.record.state == State::Revoked);
        let signed_by = if is_any_revoked { self.signed_by(token, None, moment) } else { vec![] };
        !signed_by.is_empty() && signed_by.iter().all(|by| by.is_revoked)
    }

    fn signed_by(&self, token: &AccessToken, signing_key: Option<&str>, moment: &Moment) -> Vec<SignedBy> {
        let keys = self.registry.keys();
        let by = |key: &SigningKeyRecord| SignedBy { key: key.id.clone(), is_revoked: key.state == State::Revoked };
        let api = self.registry.api(token.api.as_str());
        match (signing_key, api) {
            (Some(key), _) => keys.record(key).map(|key| by(&key.record)).into_iter().collect(),
            (None, Some(api)) if token.proof.is_none() => {
                let records: Vec<_> = keys.records().map(|key| &key.record).collect();
                let (algorithm, now_seconds) = (api.record.signed_with(token.issued_at), self.ledger_time(moment).seconds());
                can_have_signed(&records, algorithm, token.issued_at, now_seconds).into_iter().map(by).collect()
            }
            (None, _) => vec![],
        }
    }

    fn state_of(&self, proven: &Proven, moment: &Moment) -> TokenState {
        let token = proven.token.clone();
        let (standing, api) = self.stand(proven, moment);
        let expires_at = api.as_ref().map_or(token.expires_at, |api| self.ends_at(proven, api));
        let (client, signed_by) =
            (self.registry.clients.get(token.client.as_str()), self.signed_by(&token, proven.signing_key.as_deref(), moment));
        TokenState { standing, api, client, expires_at, not_before: proven.not_before, signed_by, token }
    }
}

fn no_token() -> Refusal {
    Refusal::new(Reason::NotFound, "there is no such token: it was never issued here, or it has left with its time")
}
