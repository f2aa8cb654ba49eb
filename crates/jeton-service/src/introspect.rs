//! Introspection (RFC 7662): whether a token or a key is active, for those who may learn it.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::verify::Code;
use jeton_core::client::Client;
use jeton_core::grant::Grant;
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::token::AccessToken;
use jeton_core::token::introspect::may_learn;
use jeton_core::token::standing::Standing;
use jeton_core::usage::{Outcome, Subject};
use jeton_token::Environment;

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::keys::verify::{CheckedBy, CheckedKey, KeyCheck};
use crate::service::Service;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

/// An active token.
pub struct Active {
    /// What is kept of it.
    pub proven: Arc<Proven>,
    /// What it is for.
    pub api: Arc<Versioned<Api>>,
    /// When it really ends, in seconds.
    pub expires_at: i64,
}

/// An active key.
pub struct ActiveKey {
    /// What is known of it.
    pub key: CheckedKey,
    /// The second that the answer is of: what changes the key later makes answers of before old.
    pub answered_at: i64,
    /// For how long it may be remembered by those who follow the feed, in seconds.
    pub cache_seconds: u32,
}

/// What is active.
pub enum Introspected {
    /// A token.
    Token(Active),
    /// A key.
    Key(ActiveKey),
    /// A refresh token.
    Refresh(Box<ActiveRefresh>),
}

/// The current refresh token of a grant.
pub struct ActiveRefresh {
    /// The grant.
    pub grant: Grant,
    /// When it ends, in seconds, if nobody refreshes.
    pub expires_at: i64,
}

impl Service {
    /// What `caller` may learn of a token or a key; `None` stands for every reason to say that it is inactive.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read: never an ordinary answer.
    pub async fn introspect(&self, caller: &Client, text: &str, moment: &Moment) -> Result<Option<Introspected>, Failure> {
        let Some(proven) = self.prove(text).await? else {
            if let Some(refresh) = self.active_refresh_token(caller, text, moment).await? {
                self.count_introspection(caller, None, true, moment);
                return Ok(Some(Introspected::Refresh(Box::new(refresh))));
            }
            // Counted as a check of a key.
            return Ok(self.introspect_key(caller, text, moment).await?.map(Introspected::Key));
        };
        if !may_learn(caller, &proven.token) {
            self.count_introspection(caller, None, false, moment);
            return Ok(None);
        }
        let standing = self.stand(&proven, moment);
        self.count_introspection(caller, Some(&proven.token), standing.0 == Standing::Active && standing.1.is_some(), moment);
        Ok(match standing {
            (Standing::Active, Some(api)) => Some(Introspected::Token(Active { expires_at: self.ends_at(&proven, &api), api, proven })),
            _ => None,
        })
    }

    /// An introspection is a use of the token, whose client used an API; and it is a use that the caller made of Jeton.
    fn count_introspection(&self, caller: &Client, token: Option<&AccessToken>, is_active: bool, moment: &Moment) {
        let (at, api) = (moment.now, token.map(|token| token.api.clone()));
        let subject = token.map_or(Subject::Unknown, |token| Subject::Client(token.client.clone()));
        let outcome = if is_active { Outcome::Active } else { Outcome::Inactive };
        let used = Seen { subject, api: api.clone(), outcome, refused_by: None, marks: Marks::default(), at };
        self.record_both(used, Seen::asking(caller, api, at));
    }

    /// A key is used by it, as by any other check; those of test environments and of networks are checked where that can be said.
    async fn introspect_key(&self, caller: &Client, text: &str, moment: &Moment) -> Result<Option<ActiveKey>, Failure> {
        if !caller.may_introspect {
            return Ok(None);
        }
        // Before the key is read: a change that is told later than this is of a later second.
        let asked_at = self.ledger_time(moment).seconds();
        let check = KeyCheck { text, scopes: None, client_ip: None, agent: None, environment: Some(Environment::Live) };
        let answer = self.check_key(CheckedBy::Client(caller), &check, moment).await?;
        let cache_seconds = answer.cache_seconds;
        let Some(key) = answer.key.filter(|_| answer.code == Code::Valid) else { return Ok(None) };
        let record = &key.entry.key.record;
        let answered_at = asked_at.max(record.answers_from).max(record.current.created_at);
        Ok(Some(ActiveKey { answered_at, cache_seconds, key }))
    }
}
