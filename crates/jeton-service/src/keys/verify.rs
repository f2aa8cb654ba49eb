//! Checking a presented key. Where the key is in memory nothing here waits, neither for a disk nor for a
//! commit; but for the one use in sixteen and more of a limited key that fetches the next block of uses, and the first use of a secret
//! that a key gave itself.

use std::net::IpAddr;
use std::sync::Arc;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::{Standing, Surroundings, standing};
use jeton_core::api_key::verify::{Code, Found, Wanted, verify};
use jeton_core::client::Client;
use jeton_core::moment::Moment;
use jeton_core::policy::effective::Policies;
use jeton_core::rate::{Rate, RateLimit};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage::{Outcome, Subject};
use jeton_oauth::scope::ScopeSet;
use jeton_token::Environment;

use super::entry::{Judged, KeyEntry};
use super::owner::subjects_over;
use crate::failure::Failure;
use crate::service::Service;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

/// A key that is presented, and what is wanted of it.
pub struct KeyCheck<'a> {
    /// Its text.
    pub text: &'a str,
    /// The scopes that it must allow.
    pub scopes: Option<&'a ScopeSet>,
    /// Where it is used from.
    pub client_ip: Option<IpAddr>,
    /// What uses it: a User-Agent.
    pub agent: Option<&'a str>,
    /// Where it must belong; `None`: anywhere.
    pub environment: Option<Environment>,
}

/// Who asks.
#[derive(Clone, Copy)]
pub enum CheckedBy<'a> {
    /// A client: of keys for its own APIs alone.
    Client(&'a Client),
    /// Whoever administers.
    Administrator,
}

/// What is answered.
pub struct KeyAnswer {
    /// What was found.
    pub code: Code,
    /// The key, where whoever asks may know of it.
    pub key: Option<CheckedKey>,
    /// What is left of its rate, where it has one and nothing else spoke against it.
    pub rate: Option<RateLeft>,
    /// What is left of its uses, where they are limited and nothing else spoke against it.
    pub uses: Option<UsesLeft>,
    /// How long the answer may be remembered, in seconds.
    pub cache_seconds: u32,
}

/// What is left of a rate.
pub struct RateLeft {
    /// How often the key may be used.
    pub limit: RateLimit,
    /// What that says now.
    pub rate: Rate,
}

/// What is left of a limited number of uses.
pub struct UsesLeft {
    /// How many there are in all.
    pub limit: i64,
    /// How many are left.
    pub remaining: i64,
}

/// A key that was found.
pub struct CheckedKey {
    /// The key.
    pub entry: Arc<KeyEntry>,
    /// What its owner may do with it.
    pub judged: Arc<Judged>,
    /// Which of its secrets was presented.
    pub slot: Slot,
    /// When that ends, in seconds.
    pub expires_at: i64,
}

impl KeyAnswer {
    /// The key, where it is accepted and nothing counts down: the same is answered until something changes.
    #[must_use]
    pub fn accepted_without_limits(&self) -> Option<&CheckedKey> {
        self.key.as_ref().filter(|_| self.code == Code::Valid && self.rate.is_none() && self.uses.is_none())
    }
}

/// How long an answer may be remembered that nothing but time and the feed makes old.
const CACHE_SECONDS: u32 = 60;

impl Service {
    /// Checks a key.
    ///
    /// # Errors
    /// `UnauthorizedClient` where the client may not check any; any other [`Failure`] when the store cannot be read, or no uses of a
    /// limited key can be had of it.
    pub async fn check_key(&self, by: CheckedBy<'_>, check: &KeyCheck<'_>, moment: &Moment) -> Result<KeyAnswer, Failure> {
        let answer = self.check_uncounted(by, check, moment).await?;
        let key = answer.key.as_ref().map(|checked| &checked.entry.key.record);
        let (at, api) = (moment.now, key.map(|key| key.api.clone()));
        let marks = Marks { address: check.client_ip, agent: check.agent, scopes: check.scopes };
        let subject = key.map_or(Subject::Unknown, |key| Subject::Key(key.id));
        if let Some(checked) = answer.key.as_ref().filter(|_| answer.code == Code::Valid) {
            checked.entry.note_use(at);
        }
        let used = |api| Seen { subject, api, outcome: Outcome::Key(answer.code), refused_by: None, marks, at };
        match by {
            CheckedBy::Client(client) => self.record_both(used(api.clone()), Seen::asking(client, api, at)),
            CheckedBy::Administrator => self.record(used(api)),
        }
        Ok(answer)
    }

    async fn check_uncounted(&self, by: CheckedBy<'_>, check: &KeyCheck<'_>, moment: &Moment) -> Result<KeyAnswer, Failure> {
        if let CheckedBy::Client(client) = by
            && !client.may_introspect
        {
            let detail = "this client may not check keys: `jeton client update --may-introspect`";
            return Err(Refusal::new(Reason::UnauthorizedClient, detail).into());
        }
        let not_found = || KeyAnswer { code: Code::NotFound, key: None, rate: None, uses: None, cache_seconds: 0 };
        let Some((entry, slot)) = self.presented_key(check.text).await? else { return Ok(not_found()) };
        let judged = self.judged(&entry);
        if let CheckedBy::Client(client) = by
            && !(judged.api.is_some() && client.apis.contains(&entry.key.record.api))
        {
            return Ok(not_found());
        }
        let code = self.judge_key(&entry, slot, &judged, check, moment);
        if code == Code::NotFound {
            return Ok(not_found());
        }
        let key = &entry.key.record;
        if code == Code::Valid {
            self.note_first_use(&entry, slot, moment).await;
        }
        let (code, rate) = self.take_rate(key, code, moment);
        let (code, uses) = self.take_limited_use(key, code, moment).await?;
        let policies = self.registry.policies();
        let expires_at = key.secret(slot).map_or(0, |secret| key.ends_at(secret, &policies));
        let is_limited = key.rate.is_some() || key.max_uses.is_some() || key.networks.iter().next().is_some();
        let cache_seconds = if code == Code::Valid && !is_limited { CACHE_SECONDS } else { 0 };
        Ok(KeyAnswer { code, rate, uses, cache_seconds, key: Some(CheckedKey { slot, expires_at, judged, entry }) })
    }

    /// Takes one of the rate of a key that nothing speaks against so far: one that is refused anyway spends nothing.
    fn take_rate(&self, key: &ApiKey, code: Code, moment: &Moment) -> (Code, Option<RateLeft>) {
        let Some(limit) = key.rate.filter(|_| code == Code::Valid) else { return (code, None) };
        let rate = self.allowances.take(key.id, limit, self.ledger_time(moment).micros());
        (code.unless(|| rate.allowed, Code::RateLimited), Some(RateLeft { limit, rate }))
    }

    /// The same of its uses.
    async fn take_limited_use(&self, key: &ApiKey, code: Code, moment: &Moment) -> Result<(Code, Option<UsesLeft>), Failure> {
        let Some(limit) = key.max_uses.filter(|_| code == Code::Valid) else { return Ok((code, None)) };
        // Boxed: checks of all other keys would carry what it needs.
        let left = Box::pin(self.take_use(key, limit, moment)).await?;
        Ok((code.unless(|| left.is_some(), Code::UsageExceeded), Some(UsesLeft { limit, remaining: left.unwrap_or(0) })))
    }

    pub(super) fn judge_key(&self, entry: &KeyEntry, slot: Slot, judged: &Judged, check: &KeyCheck<'_>, moment: &Moment) -> Code {
        let policies = self.registry.policies();
        let key = &entry.key.record;
        let found = Found { key, slot, around: self.surroundings(entry, judged, &policies), may_have: &judged.may_have };
        let wanted = Wanted { scopes: check.scopes, client_ip: check.client_ip, environment: check.environment };
        verify(Some(&found), &wanted, self.ledger_time(moment).seconds())
    }

    /// How a key stands now, when the secret of this slot is presented; and what its owner may do with it.
    #[must_use]
    pub fn key_standing(&self, entry: &KeyEntry, slot: Slot, moment: &Moment) -> (Standing, Arc<Judged>) {
        let (judged, policies) = (self.judged(entry), self.registry.policies());
        let around = self.surroundings(entry, &judged, &policies);
        (standing(&entry.key.record, slot, &around, self.ledger_time(moment).seconds()), judged)
    }

    pub(crate) fn surroundings<'a>(&self, entry: &KeyEntry, judged: &Judged, policies: &'a Policies) -> Surroundings<'a> {
        let audience = judged.api.as_ref().map_or("", |api| &*api.record.audience);
        let key = &entry.key.record;
        let subjects = subjects_over(&key.owner, key.client.as_ref(), audience);
        Surroundings {
            has_api: judged.api.is_some(),
            owner: judged.owner,
            is_suspended: self.is_any_suspended(subjects, None),
            not_before_seconds: self.latest_over(subjects, None),
            fence: self.registry.fence(),
            policies,
            used: self.used_by(entry, subjects),
        }
    }
}
