//! Introspection (RFC 7662): whether a token is active, for those who may learn it.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::client::Client;
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::token::introspect::may_learn;
use jeton_core::token::standing::Standing;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::service::Service;

/// An active token.
pub struct Active {
    /// What is kept of it.
    pub proven: Arc<Proven>,
    /// What it is for.
    pub api: Arc<Versioned<Api>>,
    /// When it really ends, in seconds.
    pub expires_at: i64,
}

impl Service {
    /// What `caller` may learn of a token; `None` stands for every reason to say that it is inactive.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read: never an ordinary answer.
    pub async fn introspect(&self, caller: &Client, text: &str, moment: &Moment) -> Result<Option<Active>, Failure> {
        let Some(proven) = self.prove(text).await? else { return Ok(None) };
        if !may_learn(caller, &proven.token) {
            return Ok(None);
        }
        Ok(match self.stand(&proven, moment) {
            (Standing::Active, Some(api)) => Some(Active { expires_at: self.ends_at(&proven, &api), api, proven }),
            _ => None,
        })
    }
}
