//! People, roles, signing keys, policies and negatives: what both rows of one allow.

use super::met::{Met, least};
use crate::key::SigningKeyRecord;
use crate::person::Person;
use crate::policy::CredentialKind;
use crate::policy::effective::Effective;
use crate::policy::exception::PolicyException;
use crate::policy::idle::IdleRule;
use crate::policy::rule::{PolicyRule, Subject};
use crate::provider::Provider;
use crate::record::{Malformed, Row};
use crate::role::Role;
use crate::token::negative::{Negative, Says};

/// A person: what they are called stays as it was. Of what is known of them by name, by which APIs may decide, what both say is left.
pub(super) fn person(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Person::from_row(then)?, Person::from_row(later)?);
    let state = if then.is_active() { later.state } else { then.state.clone() };
    let mut attributes = then.attributes.clone();
    attributes.retain(|name, text| later.attributes.get(name) == Some(text));
    let is_less = state != then.state || attributes != then.attributes;
    let updated_at = if is_less { then.updated_at.max(later.updated_at) } else { then.updated_at };
    Ok(Met::of(Person { state, attributes, updated_at, ..then }.row()))
}

/// A role.
pub(super) fn role(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Role::from_row(then)?, Role::from_row(later)?);
    let scopes = then.scopes.intersection(&later.scopes);
    let updated_at = if scopes == then.scopes { then.updated_at } else { then.updated_at.max(later.updated_at) };
    Ok(Met::of(Role { scopes, updated_at, ..then }.row()))
}

/// A provider lets in whom both let in, and gives the roles that both give. Where no domain is left of those that each names, its secret goes,
/// and nobody signs in by it until it is given again. A secret that came later took the place of the one before.
pub(super) fn provider(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Provider::from_row(then)?, Provider::from_row(later)?);
    let domains = match (then.domains.is_empty(), later.domains.is_empty()) {
        (true, _) => later.domains.clone(),
        (false, true) => then.domains.clone(),
        (false, false) => then.domains.intersection(&later.domains).cloned().collect(),
    };
    let is_stopped = domains.is_empty() && !then.domains.is_empty();
    // A value of another claim is another's word.
    let is_same_claim = then.role_claim == later.role_claim;
    let roles = then.roles.into_iter().filter(|(value, role)| is_same_claim && later.roles.get(value) == Some(role)).collect();
    let met = Provider {
        domains,
        roles,
        creates_users: then.creates_users && later.creates_users,
        client_id: later.client_id,
        sealed: if is_stopped { std::sync::Arc::from([]) } else { later.sealed },
        epoch: later.epoch,
        updated_at: then.updated_at.max(later.updated_at),
        ..then
    };
    Ok(Met { row: met.row(), is_stopped })
}

/// A signing key moves down only; what is sealed is under the newest root key that it was seen under.
pub(super) fn signing_key(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (SigningKeyRecord::from_row(then)?, SigningKeyRecord::from_row(later)?);
    let met = SigningKeyRecord {
        state: then.state.max(later.state),
        sealed: then.sealed.as_ref().and(later.sealed),
        epoch: later.epoch,
        activated_at: then.activated_at.or(later.activated_at),
        remove_at: least(then.remove_at, later.remove_at),
        ..then
    };
    Ok(Met::of(met.row()))
}

/// An exception ends where the earlier of both does.
pub(super) fn exception(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (PolicyException::from_row(then)?, PolicyException::from_row(later)?);
    Ok(Met::of(PolicyException { ends_at: then.ends_at.min(later.ends_at), ..then }.row()))
}

/// A rule. Where one does not say a thing, `wider` tells what held without it: what later held counts where that is stricter.
pub(super) fn policy(then: Option<&Row>, later: &Row, wider: impl FnOnce(CredentialKind, &Subject) -> Effective) -> Result<Met, Malformed> {
    let later = PolicyRule::from_row(later)?;
    let then = match then {
        Some(then) => PolicyRule::from_row(then)?,
        None => PolicyRule { default_seconds: None, max_seconds: None, idle: None, idle_since: None, ..later.clone() },
    };
    let wider = wider(later.kind, &later.subject);
    let idle_after = |rule: &PolicyRule| rule.idle.map_or(wider.idle_seconds, IdleRule::after).unwrap_or(i64::MAX);
    let is_later_idle = idle_after(&later) < idle_after(&then);
    let default = |rule: &PolicyRule| rule.default_seconds.unwrap_or(wider.default_seconds);
    let is_default_less = default(&later) < default(&then);
    let mut met = PolicyRule {
        max_seconds: least(then.max_seconds, later.max_seconds),
        default_seconds: if is_default_less { later.default_seconds } else { then.default_seconds },
        idle: if is_later_idle { later.idle } else { then.idle },
        idle_since: if is_later_idle { later.idle_since } else { then.idle_since },
        ..then.clone()
    };
    if met != then {
        (met.updated_at, met.updated_by) = (later.updated_at, later.updated_by);
    }
    Ok(Met::of(met.row()))
}

/// Whether a negative takes anything: one that resumes gives.
pub(super) fn takes(row: &Row) -> Result<bool, Malformed> {
    let negative = Negative::from_row(row)?;
    Ok(!matches!(negative.says, Says::Resumed(..) | Says::SubjectResumed(..)))
}
