//! What a policy would do to credentials that are out.

use jeton_core::api::Api;
use jeton_core::api_key::state::State as KeyState;
use jeton_core::api_key::{self, ApiKey};
use jeton_core::client::secret::ClientSecret;
use jeton_core::id::ApiKeyId;
use jeton_core::key::{Purpose, State};
use jeton_core::moment::Moment;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::effective::{Effective, Policies};
use jeton_core::policy::rule::Subject;
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::standing::Standing;
use jeton_core::token::{self, AccessToken};
use jeton_core::usage::Subject as UsedBy;
use jeton_store::store::{Fault, FaultKind};

use crate::credential_cache::Proven;
use crate::failure::Failure;
use crate::service::Service;

/// How many credentials of the kind would end otherwise than now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consequence {
    /// At once.
    pub would_expire_now: u64,
    /// Later, but earlier than now.
    pub would_expire_sooner: u64,
    /// Never, so far: they have ended, and would be accepted again.
    pub would_come_back: u64,
    /// Later, suspended: nobody has used them for the new idle time, which begins today where it is shorter than before.
    pub would_be_idle: u64,
}

impl Consequence {
    fn note(&mut self, ends_at: i64, would_end_at: i64, now_seconds: i64) {
        if now_seconds < ends_at && would_end_at < ends_at {
            let counted = if would_end_at <= now_seconds { &mut self.would_expire_now } else { &mut self.would_expire_sooner };
            *counted += 1;
        }
    }

    fn note_return(&mut self, ends_at: i64, would_end_at: i64, now_seconds: i64) {
        self.would_come_back += u64::from(ends_at <= now_seconds && now_seconds < would_end_at);
    }
}

/// The new idle time of a credential, in seconds, where it is shorter than before.
fn stricter(before: &Effective, after: &Effective) -> Option<i64> {
    after.idle_seconds.filter(|after| before.idle_seconds.is_none_or(|before| *after < before))
}

impl Service {
    /// Counts what becomes of credentials of a kind under other policies than now. Of access tokens and keys it reads every one that is kept: for a
    /// thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn policy_consequence(
        &self,
        kind: CredentialKind,
        subject: &Subject,
        after: &Policies,
        moment: &Moment,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<Consequence>, Failure> {
        match kind {
            CredentialKind::AccessToken => self.consequence_for_tokens(subject, after, moment, goes_on),
            CredentialKind::ClientSecret => Ok(Some(self.consequence_for_secrets(after, moment))),
            CredentialKind::SigningKey => Ok(Some(self.consequence_for_signing_keys(after, moment))),
            CredentialKind::ApiKey | CredentialKind::PersonalAccessToken => self.consequence_for_keys(kind, after, moment, goes_on),
            // Nothing is kept of assertions.
            CredentialKind::ClientAssertion => Ok(Some(Consequence::default())),
            // They are many, and each is judged when it is presented: nobody counts them.
            CredentialKind::RefreshToken
            | CredentialKind::AuthorizationCode
            | CredentialKind::PushedRequest
            | CredentialKind::DeviceCode
            | CredentialKind::Session
            | CredentialKind::Reauthentication
            | CredentialKind::AdministratorReauthentication
            | CredentialKind::Consent
            | CredentialKind::Invitation
            | CredentialKind::PasswordReset
            | CredentialKind::EmailVerification => Ok(None),
        }
    }

    fn consequence_for_keys(
        &self,
        kind: CredentialKind,
        after: &Policies,
        moment: &Moment,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<Consequence>, Failure> {
        let (before, now_seconds) = (self.registry.policies().clone(), self.ledger_time(moment).seconds());
        let (mut consequence, mut damaged) = (Consequence::default(), None);
        // Each with the second before which it must have been used last.
        let mut old: Vec<(ApiKeyId, i64)> = vec![];
        self.store.view()?.scan(&api_key::TABLE, &mut |row| {
            match ApiKey::from_row(&row.record) {
                Ok(key) if key.kind.credential_kind() == kind && !matches!(key.state, KeyState::Revoked(_)) => {
                    let (ends_at, would_end_at) = (key.ends_at(&key.current, &before), key.ends_at(&key.current, after));
                    consequence.note(ends_at, would_end_at, now_seconds);
                    consequence.note_return(ends_at, would_end_at, now_seconds);
                    let is_live = key.state == KeyState::Active && now_seconds < ends_at.min(would_end_at);
                    let idle_seconds = stricter(&key.rule(&before), &key.rule(after)).filter(|_| is_live);
                    old.extend(idle_seconds.map(|idle| (key.id, now_seconds - idle)).filter(|(_, limit)| key.in_use_since() <= *limit));
                }
                Ok(_) => {}
                Err(malformed) => damaged = Some(malformed),
            }
            damaged.is_none() && goes_on()
        })?;
        if let Some(malformed) = damaged {
            return Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into());
        }
        let uses = self.subject_uses()?;
        for (id, limit) in old {
            if !goes_on() {
                return Ok(None);
            }
            consequence.would_be_idle += u64::from(uses.last_used(&UsedBy::Key(id))?.is_none_or(|at| at <= limit));
        }
        Ok(goes_on().then_some(consequence))
    }

    fn consequence_for_secrets(&self, after: &Policies, moment: &Moment) -> Consequence {
        let (before, now_seconds) = (self.registry.policies(), self.ledger_time(moment).seconds());
        let mut consequence = Consequence::default();
        let mut note = |secret: &ClientSecret| {
            let (ends_at, would_end_at) = (secret.ends_at(&before), secret.ends_at(after));
            consequence.note(ends_at, would_end_at, now_seconds);
            consequence.note_return(ends_at, would_end_at, now_seconds);
            let is_live = secret.state == KeyState::Active && now_seconds < ends_at.min(would_end_at);
            let idle_seconds = stricter(&secret.rule(&before), &secret.rule(after)).filter(|_| is_live);
            let is_unused = |limit| secret.active_since <= limit && self.secret_last_used(&secret.id).is_none_or(|at| at <= limit);
            consequence.would_be_idle += u64::from(idle_seconds.is_some_and(|idle| is_unused(now_seconds - idle)));
        };
        self.registry.clients.all().iter().for_each(|entry| entry.secrets.iter().for_each(|secret| note(&secret.record)));
        consequence
    }

    fn consequence_for_signing_keys(&self, after: &Policies, moment: &Moment) -> Consequence {
        let lifetime = |policies: &Policies| policies.effective(CredentialKind::SigningKey, &Subject::Deployment).default_seconds;
        let (before, after) = (lifetime(&self.registry.policies()), lifetime(after));
        let mut consequence = Consequence::default();
        let keys = self.registry.keys();
        for key in keys.records().filter(|key| key.record.purpose == Purpose::Token && key.record.state == State::Current) {
            if let Some(since) = key.record.activated_at {
                consequence.note(since.saturating_add(before), since.saturating_add(after), moment.now.seconds());
            }
        }
        consequence
    }

    fn consequence_for_tokens(
        &self,
        subject: &Subject,
        after: &Policies,
        moment: &Moment,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<Consequence>, Failure> {
        let before = self.registry.policies().clone();
        // None comes back: a lowered maximum leaves a negative behind, which outlives the policy.
        // Verifiers know no lifetime of a client: where its maximum is lowered, what it holds is cut off.
        let cut_off = match subject {
            Subject::Client(client) => {
                let max = |policies: &Policies| policies.effective(CredentialKind::AccessToken, subject).max_seconds;
                (max(after) < max(&before)).then_some(client)
            }
            Subject::Deployment | Subject::Api(_) => None,
        };
        self.count_tokens(moment, goes_on, |token, api| {
            let end = if cut_off == Some(&token.client) { i64::MIN } else { effective_expiry(token, api, after) };
            (effective_expiry(token, api, &before), end)
        })
    }

    /// Counts the access tokens that end otherwise where an API is as `after` says; for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn lifetime_consequence(&self, after: &Api, moment: &Moment, goes_on: impl Fn() -> bool) -> Result<Option<Consequence>, Failure> {
        let policies = self.registry.policies().clone();
        self.count_tokens(moment, goes_on, |token, api| {
            let now = effective_expiry(token, api, &policies);
            (now, if api.id == after.id { effective_expiry(token, after, &policies) } else { now })
        })
    }

    /// `ends` says when a token ends, and when it would.
    fn count_tokens(
        &self,
        moment: &Moment,
        goes_on: impl Fn() -> bool,
        ends: impl Fn(&AccessToken, &Api) -> (i64, i64),
    ) -> Result<Option<Consequence>, Failure> {
        let now_seconds = self.ledger_time(moment).seconds();
        let (mut consequence, mut damaged) = (Consequence::default(), None);
        self.store.view()?.scan(&token::TABLE, &mut |row| {
            match AccessToken::from_row(&row.record) {
                Ok(token) => {
                    let not_before = token.issued_at;
                    let proven = Proven { token, signing_key: None, not_before };
                    if let (Standing::Active | Standing::Suspended, Some(api)) = self.stand(&proven, moment) {
                        let (ends_at, would_end_at) = ends(&proven.token, &api.record);
                        consequence.note(ends_at, would_end_at, now_seconds);
                    }
                }
                Err(malformed) => damaged = Some(malformed),
            }
            damaged.is_none() && goes_on()
        })?;
        match damaged {
            Some(malformed) => Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into()),
            None => Ok(goes_on().then_some(consequence)),
        }
    }
}
