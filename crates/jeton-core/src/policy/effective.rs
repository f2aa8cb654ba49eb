//! What holds now: of what is said at each level, the narrowest maximum, the most specific default and the most specific idle time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exception::PolicyException;
use super::idle::{Idle, Used};
use super::rule::{PolicyRule, Subject};
use super::{CredentialKind, Level, Lifetime};
use crate::id::{ApiId, ClientId};
use crate::record::Versioned;

/// All rules and exceptions.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    rules: BTreeMap<CredentialKind, Rules>,
    /// By the credential.
    exceptions: BTreeMap<Arc<str>, Versioned<PolicyException>>,
}

/// The rules of one kind.
#[derive(Clone, Debug, Default)]
struct Rules {
    deployment: Option<Versioned<PolicyRule>>,
    apis: BTreeMap<ApiId, Versioned<PolicyRule>>,
    clients: BTreeMap<ClientId, Versioned<PolicyRule>>,
}

/// The lifetimes that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// How long one lives when nobody says, in seconds.
    pub default_seconds: i64,
    /// The level that says so; `None` is the table.
    pub default_from: Option<Level>,
    /// How long one may live at most, in seconds.
    pub max_seconds: i64,
    /// The level that says so; `None` is the table.
    pub max_from: Option<Level>,
    /// After how long without a use one is suspended, in seconds; `None`: never.
    pub idle_seconds: Option<i64>,
    /// The level that says so; `None` is the table.
    pub idle_from: Option<Level>,
    /// Since when that is as strict as it is, in seconds: no idle time begins before.
    pub idle_since: i64,
}

impl Effective {
    /// What follows for a credential that would be used since `active_since`, in seconds: when it was made, rotated or resumed. Its idle
    /// time begins at the latest of that, its last use, the day on which the rule was made as strict as it is, and the day from which on
    /// uses are counted: nobody loses anything for what they could not know, or nobody counted.
    #[must_use]
    pub fn idle(&self, active_since: i64, used: Used, now_seconds: i64) -> Idle {
        let Some(idle_seconds) = self.idle_seconds else { return Idle::No };
        let since = used.until().max(active_since).max(used.counted_since).max(self.idle_since);
        match now_seconds.saturating_sub(since) {
            unused if unused >= idle_seconds.saturating_mul(2) => Idle::Revoked,
            unused if unused >= idle_seconds => Idle::Suspended,
            _ => Idle::No,
        }
    }

    /// What holds where nobody says anything.
    fn of_table(lifetime: &Lifetime) -> Effective {
        Effective {
            default_seconds: lifetime.default_seconds,
            default_from: None,
            max_seconds: lifetime.max_seconds,
            max_from: None,
            idle_seconds: lifetime.idle_seconds,
            idle_from: None,
            idle_since: i64::MIN,
        }
    }
}

impl Policies {
    /// What holds for a kind at a level, as that level and the wider ones have it.
    #[must_use]
    pub fn effective(&self, kind: CredentialKind, subject: &Subject) -> Effective {
        match subject {
            Subject::Deployment => self.resolve(kind, None, None),
            Subject::Api(api) => self.resolve(kind, Some(api), None),
            Subject::Client(client) => self.resolve(kind, None, Some(client)),
        }
    }

    /// What holds for a kind between an API and a client: a level may only narrow what is said above it, so that of the maxima the least
    /// holds; of the defaults the most specific, within that maximum; of the idle times the most specific.
    #[must_use]
    pub fn resolve(&self, kind: CredentialKind, api: Option<&ApiId>, client: Option<&ClientId>) -> Effective {
        let lifetime = kind.lifetime();
        let mut effective = Effective::of_table(lifetime);
        let Some(rules) = self.rules.get(&kind) else { return effective };
        let said =
            [rules.deployment.as_ref(), api.and_then(|api| rules.apis.get(api)), client.and_then(|client| rules.clients.get(client))];
        for rule in said.into_iter().flatten().map(|rule| &rule.record) {
            let level = Some(rule.subject.level());
            if let Some(max_seconds) = rule.max_seconds.filter(|max| *max < effective.max_seconds) {
                (effective.max_seconds, effective.max_from) = (max_seconds, level);
            }
            if let Some(default_seconds) = rule.default_seconds {
                (effective.default_seconds, effective.default_from) = (default_seconds, level);
            }
            let idle_since = rule.idle_since.unwrap_or(i64::MIN);
            match rule.idle {
                Some(idle) => {
                    (effective.idle_seconds, effective.idle_from, effective.idle_since) = (idle.after(), level, idle_since);
                }
                // It said something more lenient before.
                None => effective.idle_since = effective.idle_since.max(idle_since),
            }
        }
        if effective.default_seconds > effective.max_seconds {
            (effective.default_seconds, effective.default_from) = (effective.max_seconds, effective.max_from);
        }
        effective
    }

    /// When a credential really ends, in seconds: as issued, but not beyond today's maximum from when it was issued; with an exception not
    /// beyond the end of that.
    #[must_use]
    pub fn ends_at(&self, kind: CredentialKind, subject: &Subject, credential: &str, issued_at: i64, as_issued: i64) -> i64 {
        self.ends_within(kind, self.effective(kind, subject).max_seconds, || credential.to_owned(), issued_at, as_issued)
    }

    /// The same where the maximum is known. The credential is named only where there is any exception.
    #[must_use]
    pub fn ends_within(
        &self,
        kind: CredentialKind,
        max_seconds: i64,
        credential: impl FnOnce() -> String,
        issued_at: i64,
        as_issued: i64,
    ) -> i64 {
        let exception = if self.exceptions.is_empty() { None } else { self.exception_of(kind, &credential()) };
        let limit = match exception {
            Some(exception) => exception.record.ends_at,
            None => issued_at.saturating_add(max_seconds),
        };
        as_issued.min(limit)
    }

    /// The rule of a kind for a subject.
    #[must_use]
    pub fn rule(&self, kind: CredentialKind, subject: &Subject) -> Option<&Versioned<PolicyRule>> {
        let rules = self.rules.get(&kind)?;
        match subject {
            Subject::Deployment => rules.deployment.as_ref(),
            Subject::Api(api) => rules.apis.get(api),
            Subject::Client(client) => rules.clients.get(client),
        }
    }

    /// The rules of a kind, from the widest on.
    pub fn rules_of(&self, kind: CredentialKind) -> impl Iterator<Item = &Versioned<PolicyRule>> {
        let rules = self.rules.get(&kind).into_iter();
        rules.flat_map(|rules| rules.deployment.iter().chain(rules.apis.values()).chain(rules.clients.values()))
    }

    /// The exception for a credential.
    #[must_use]
    pub fn exception_of(&self, kind: CredentialKind, credential: &str) -> Option<&Versioned<PolicyException>> {
        self.exceptions.get(credential).filter(|exception| exception.record.kind == kind)
    }

    /// Every exception.
    pub fn exceptions(&self) -> impl Iterator<Item = &Versioned<PolicyException>> {
        self.exceptions.values()
    }

    /// The same with this rule.
    #[must_use]
    pub fn with(mut self, rule: Versioned<PolicyRule>) -> Policies {
        let rules = self.rules.entry(rule.record.kind).or_default();
        match &rule.record.subject {
            Subject::Deployment => rules.deployment = Some(rule),
            Subject::Api(api) => drop(rules.apis.insert(api.clone(), rule)),
            Subject::Client(client) => drop(rules.clients.insert(client.clone(), rule)),
        }
        self
    }

    /// The same without the rule of a kind for a subject.
    #[must_use]
    pub fn without(mut self, kind: CredentialKind, subject: &Subject) -> Policies {
        if let Some(rules) = self.rules.get_mut(&kind) {
            match subject {
                Subject::Deployment => rules.deployment = None,
                Subject::Api(api) => drop(rules.apis.remove(api)),
                Subject::Client(client) => drop(rules.clients.remove(client)),
            }
        }
        self
    }

    /// The same with this exception.
    #[must_use]
    pub fn with_exception(mut self, exception: Versioned<PolicyException>) -> Policies {
        self.exceptions.insert(exception.record.credential.clone(), exception);
        self
    }

    /// The same without the exception of this id.
    #[must_use]
    pub fn without_exception(mut self, id: &str) -> Policies {
        self.exceptions.retain(|_, exception| exception.record.id.as_str() != id);
        self
    }
}
