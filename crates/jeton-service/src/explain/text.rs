//! What a pasted text is: a token of ours, or as much as can be told of it.

use jeton_core::explain::text::{KeyStanding, Look, look};
use jeton_core::key::State;
use jeton_core::moment::Moment;
use jeton_core::pasted::alone;

use crate::failure::Failure;
use crate::service::Service;
use crate::token_state::TokenState;

/// What a pasted text is.
pub enum Pasted {
    /// A token of ours.
    Token(Box<TokenState>),
    /// The token whose id the text says it has, and nothing vouches for that any more: the key that signed it was revoked.
    Unproven(Box<TokenState>),
    /// No token that is known.
    Other(Look),
}

impl Service {
    /// Looks at a pasted text, or at the one token that it has in it; nothing is counted.
    ///
    /// # Errors
    /// `InvalidRequest` where the text has several; [`Failure::Fault`] when the engine cannot read.
    pub async fn token_of_pasted(&self, text: &str, moment: &Moment) -> Result<Pasted, Failure> {
        let text = alone(text)?;
        match self.token_state_of_text(text, moment).await {
            Ok(state) => return Ok(Pasted::Token(Box::new(state))),
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
        let look = self.look_at(text);
        if let Look::RevokedKey(key, Some(id)) = &look
            && let Some(state) = self.token_state_signed_by(*id, key, moment).await?
        {
            return Ok(Pasted::Unproven(Box::new(state)));
        }
        Ok(Pasted::Other(look))
    }

    /// What a text is that proved nothing.
    #[must_use]
    pub fn look_at(&self, text: &str) -> Look {
        let keys = self.registry.keys();
        let standing = |key: &str| match keys.record(key).map(|key| key.record.state) {
            Some(State::Revoked) => KeyStanding::Revoked,
            Some(_) => KeyStanding::Trusted,
            None => KeyStanding::Unknown,
        };
        look(text, &self.prefix, &self.registry.root_keys(), &self.issuer, standing)
    }
}
