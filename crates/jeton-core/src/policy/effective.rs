//! What holds now: of what is said at each level, the narrowest maximum and the most specific default.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exception::PolicyException;
use super::rule::{PolicyRule, Subject};
use super::{CredentialKind, Level};
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
    /// holds; of the defaults the most specific, within that maximum.
    #[must_use]
    pub fn resolve(&self, kind: CredentialKind, api: Option<&ApiId>, client: Option<&ClientId>) -> Effective {
        let lifetime = kind.lifetime();
        let mut effective =
            Effective { default_seconds: lifetime.default_seconds, default_from: None, max_seconds: lifetime.max_seconds, max_from: None };
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
        self.ends_within(kind, self.effective(kind, subject).max_seconds, credential, issued_at, as_issued)
    }

    /// The same where the maximum is known.
    #[must_use]
    pub fn ends_within(&self, kind: CredentialKind, max_seconds: i64, credential: &str, issued_at: i64, as_issued: i64) -> i64 {
        let limit = match self.exception_of(kind, credential) {
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
