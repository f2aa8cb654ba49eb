//! Which rule decides over a key.

use std::net::IpAddr;

use super::cut_off::cutting;
use super::end;
use super::rule::{Rule, Unused};
use super::said::Said;
use super::statement::Statement;
use super::suspension::suspending;
use crate::api_key::ApiKey;
use crate::api_key::secret::KeptSecret;
use crate::api_key::standing::Standing;
use crate::api_key::state::{Ended, State};
use crate::policy::effective::Policies;
use crate::rights::OwnerStanding;
use crate::why::{Because, Why};

/// What is known of a key.
#[derive(Clone, Copy, Debug)]
pub struct KeyFacts<'a> {
    /// The key.
    pub key: &'a ApiKey,
    /// The secret of it that is judged.
    pub secret: &'a KeptSecret,
    /// How it stands with that.
    pub standing: Standing,
    /// How its owner stands.
    pub owner: OwnerStanding,
    /// How long it may live, and be idle.
    pub policies: &'a Policies,
    /// What was said of what it belongs to.
    pub statements: &'a [Statement],
    /// Where it is presented from, where that is asked about.
    pub client_ip: Option<IpAddr>,
}

/// The rule that makes a key stand as it does.
#[must_use]
pub fn rule(facts: &KeyFacts<'_>) -> Rule {
    let KeyFacts { key, secret, standing, policies, statements, .. } = facts;
    match (standing, &key.state) {
        (Standing::Live, _) => match facts.client_ip {
            Some(address) if !key.networks.admit(Some(address)) => Rule::IpDenied(address),
            _ => Rule::Accepted,
        },
        (Standing::Revoked(_), State::Revoked(Ended { why: Because::Reason(Why::CutOff), .. })) => cut_off(facts),
        (Standing::Revoked(_), State::Revoked(ended)) => Rule::Revoked(Some(Said::from(ended))),
        (Standing::Revoked(Why::OwnerGone), _) => Rule::OwnerGone,
        (Standing::Revoked(Why::ApiGone), _) => Rule::ApiGone,
        (Standing::Revoked(Why::CutOff), _) => cut_off(facts),
        (Standing::Revoked(_), _) => idle(facts, true),
        (Standing::Expired, _) => Rule::Expired(end::of_key(key, secret, policies)),
        (Standing::Suspended(_), State::Suspended(ended)) => Rule::Suspended(Some(Said::from(ended))),
        (Standing::Suspended(_), _) if facts.owner == OwnerStanding::Disabled => Rule::OwnerDisabled,
        (Standing::Suspended(Why::NoAccess), _) => Rule::NoAccess,
        (Standing::Suspended(Why::Idle), _) => idle(facts, false),
        (Standing::Suspended(_), _) => Rule::SubjectSuspended(suspending(statements)),
    }
}

fn cut_off(facts: &KeyFacts<'_>) -> Rule {
    Rule::CutOff(cutting(facts.statements, facts.secret.created_at))
}

fn idle(facts: &KeyFacts<'_>, is_final: bool) -> Rule {
    let effective = facts.key.rule(facts.policies);
    Rule::Idle(Unused { is_final, seconds: effective.idle_seconds.unwrap_or(0), level: effective.idle_from })
}
