//! Which rule decides over a token.

use super::cut_off::cutting;
use super::end::{self, End};
use super::rule::Rule;
use super::said::Said;
use super::statement::Statement;
use super::suspension::suspending;
use crate::api::Api;
use crate::policy::effective::Policies;
use crate::token::AccessToken;
use crate::token::negative::Says;
use crate::token::standing::Standing;

/// What is known of a token.
#[derive(Clone, Copy, Debug)]
pub struct TokenFacts<'a> {
    /// The token.
    pub token: &'a AccessToken,
    /// How it stands.
    pub standing: Standing,
    /// What it is for; `None`: it is gone.
    pub api: Option<&'a Api>,
    /// Whether who holds it is there.
    pub has_client: bool,
    /// From when on it may be used, in seconds.
    pub not_before: i64,
    /// Now, in seconds.
    pub now_seconds: i64,
    /// How long it may live.
    pub policies: &'a Policies,
    /// What was said of it and of what it belongs to, in the order in which it was.
    pub statements: &'a [Statement],
}

/// The rule that makes a token stand as it does.
#[must_use]
pub fn rule(facts: &TokenFacts<'_>) -> Rule {
    match facts.standing {
        Standing::Active => Rule::Accepted,
        Standing::Expired => Rule::Expired(end(facts)),
        Standing::Suspended => suspended(facts),
        Standing::Revoked => revoked(facts),
    }
}

/// When a token ends, and why then.
#[must_use]
pub fn end(facts: &TokenFacts<'_>) -> End {
    end::of_token(facts.token, facts.api, facts.policies, facts.statements)
}

fn suspended(facts: &TokenFacts<'_>) -> Rule {
    let mut changes = facts.statements.iter().filter(|statement| matches!(statement.says, Says::Suspended(..) | Says::Resumed(..)));
    if let Some(last) = changes.next_back().filter(|last| matches!(last.says, Says::Suspended(..))) {
        return Rule::Suspended(Some(Said::from(last)));
    }
    match suspending(facts.statements) {
        Some(suspension) => Rule::SubjectSuspended(Some(suspension)),
        None if facts.not_before > facts.now_seconds => Rule::NotYet(facts.not_before),
        None => Rule::Suspended(None),
    }
}

fn revoked(facts: &TokenFacts<'_>) -> Rule {
    if facts.api.is_none() {
        return Rule::ApiGone;
    }
    let said = |is_it: fn(&Says) -> bool| facts.statements.iter().find(|statement| is_it(&statement.says));
    if let Some(revocation) = said(|says| matches!(says, Says::Revoked(..))) {
        return Rule::Revoked(Some(Said::from(revocation)));
    }
    if let Some(revocation) = said(|says| matches!(says, Says::KeyRevoked(_)))
        && let Says::KeyRevoked(key) = &revocation.says
    {
        return Rule::SigningKeyRevoked(key.clone(), Some(Said::from(revocation)));
    }
    match cutting(facts.statements, facts.token.issued_at) {
        Some(cut_off) => Rule::CutOff(Some(cut_off)),
        None if !facts.has_client => Rule::ClientGone,
        // What said so was not found, or its time is over.
        None => Rule::Revoked(None),
    }
}
