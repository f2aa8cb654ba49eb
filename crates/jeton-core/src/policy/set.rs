//! Setting a policy: what it narrows reaches credentials that are out already.

use super::effective::{Effective, Policies};
use super::idle::{self, IdleRule};
use super::rule::{PolicyRule, Subject, TABLE, key};
use super::{CredentialKind, Level};
use crate::api::update::lower_lifetime;
use crate::api::{self, Api};
use crate::client::{self, Client};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::{Actor, ClientId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Versioned;
use crate::refusal::Refusal;
use crate::token::cut_off::{beyond_all_issued, cut_off};

/// What a level says from now on; with neither, it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetPolicy {
    /// How long one lives when nobody says, in seconds.
    pub default_seconds: Option<i64>,
    /// How long one may live at most, in seconds.
    pub max_seconds: Option<i64>,
    /// What becomes of those that nobody uses.
    pub idle: Option<IdleRule>,
}

/// What is known when it is decided.
pub struct Facts<'a> {
    /// All rules as they stand.
    pub policies: &'a Policies,
    /// The APIs that the subject reaches: all of the deployment's, the one, or none.
    pub apis: &'a [&'a Api],
    /// The client, where the subject is one.
    pub client: Option<&'a Client>,
    /// The latest cut-off over any token of a subject, in seconds.
    pub latest_cut_off: &'a dyn Fn(CutOffSubject, &str) -> i64,
}

/// Sets what a level says of a kind, and answers what holds there then, with the policies as they will be.
pub fn set(
    kind: CredentialKind,
    subject: &Subject,
    request: SetPolicy,
    facts: &Facts<'_>,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<(Effective, Policies)> {
    let commit = Commit::new(moment);
    if let Err(refusal) = check(kind, subject, request, facts.policies) {
        return Outcome::refuse(refusal, commit);
    }
    let before = facts.policies.effective(kind, subject);
    let SetPolicy { default_seconds, max_seconds, idle } = request;
    let said = facts.policies.rule(kind, subject).map(|rule| &rule.record);
    let is_said = match said {
        Some(rule) => (rule.default_seconds, rule.max_seconds, rule.idle) == (default_seconds, max_seconds, idle),
        None => request == SetPolicy::default(),
    };
    if is_said {
        return Outcome::grant((before, facts.policies.clone()), commit);
    }
    let (updated_at, updated_by, idle_since) = (moment.now.seconds(), actor.clone(), said.and_then(|rule| rule.idle_since));
    let mut rule = PolicyRule { kind, subject: subject.clone(), default_seconds, max_seconds, updated_at, updated_by, idle, idle_since };
    let with = |rule: &PolicyRule| facts.policies.clone().with(Versioned { version: 0, record: rule.clone() });
    let is_stricter = is_stricter(kind, subject, facts.policies, &with(&rule));
    if is_stricter {
        rule.idle_since = Some(updated_at);
    }
    let (commit, policies) = if rule.says_anything() || rule.idle_since.is_some() {
        (commit.put(&TABLE, rule.row()), with(&rule))
    } else {
        (commit.delete(&TABLE, key(kind, subject)), facts.policies.clone().without(kind, subject))
    };
    let after = policies.effective(kind, subject);
    let is_lowered = after.max_seconds < before.max_seconds || (after.max_seconds == before.max_seconds && is_stricter);
    let mut commit = commit.tell(event(kind, subject, request, is_lowered, actor));
    if kind == CredentialKind::AccessToken && after.max_seconds < before.max_seconds {
        commit = reach_tokens(commit, facts, &policies, actor, moment);
    }
    Outcome::grant((after, policies), commit)
}

/// A level may only narrow what holds above it.
fn check(kind: CredentialKind, subject: &Subject, request: SetPolicy, policies: &Policies) -> Result<(), Refusal> {
    let lifetime = kind.lifetime();
    if !lifetime.levels.contains(&subject.level()) {
        let levels: Vec<&str> = lifetime.levels.iter().map(|level| level.name()).collect();
        return Err(Refusal::invalid(format!("a policy of {} is set for: {}", lifetime.plural, levels.join(", "))));
    }
    let above = match subject.level() {
        Level::Deployment => lifetime.max_seconds,
        Level::Api | Level::Client => policies.effective(kind, &Subject::Deployment).max_seconds,
    };
    let refuse = |what: &str, least: i64, most: i64| {
        Refusal::invalid(format!("the {what} of {} lies between {} and {} here", lifetime.plural, length(least), length(most)))
    };
    let max_seconds = request.max_seconds.unwrap_or(above);
    if !(lifetime.least_seconds.min(above)..=above).contains(&max_seconds) {
        return Err(refuse("maximum", lifetime.least_seconds, above));
    }
    let least = lifetime.least_seconds.min(max_seconds);
    match request.idle.and_then(IdleRule::after) {
        _ if request.idle.is_some() && lifetime.idle_seconds.is_none() => {
            return Err(Refusal::invalid(format!("{} have no idle time: nobody suspends them for not being used", lifetime.plural)));
        }
        Some(seconds) if !(idle::LEAST_SECONDS..=lifetime.max_seconds).contains(&seconds) => {
            return Err(refuse("idle time", idle::LEAST_SECONDS, lifetime.max_seconds));
        }
        _ => {}
    }
    match request.default_seconds {
        Some(default) if !(least..=max_seconds).contains(&default) => Err(refuse("default", least, max_seconds)),
        _ => Ok(()),
    }
}

/// Whether what nobody uses is suspended earlier somewhere: for a client at whichever API, since what it said for itself hid what is said for
/// those.
fn is_stricter(kind: CredentialKind, subject: &Subject, before: &Policies, after: &Policies) -> bool {
    let shorter = |before: Effective, after: Effective| is_shorter(after.idle_seconds, before.idle_seconds);
    let at = |client: &ClientId, rule: &PolicyRule| match &rule.subject {
        Subject::Api(api) => {
            let resolve = |policies: &Policies| policies.resolve(kind, Some(api), Some(client));
            shorter(resolve(before), resolve(after))
        }
        Subject::Deployment | Subject::Client(_) => false,
    };
    shorter(before.effective(kind, subject), after.effective(kind, subject))
        || matches!(subject, Subject::Client(client) if before.rules_of(kind).any(|rule| at(client, &rule.record)))
}

/// Whether one idle time is shorter than another; `None` has no end.
fn is_shorter(one: Option<i64>, other: Option<i64>) -> bool {
    one.is_some_and(|one| other.is_none_or(|other| one < other))
}

/// A length of time in the largest unit that it is a multiple of, as the command line takes it.
fn length(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    unit.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

fn event(kind: CredentialKind, subject: &Subject, request: SetPolicy, is_lowered: bool, actor: &Actor) -> Event {
    let SetPolicy { default_seconds, max_seconds, idle } = request;
    let idle_seconds = idle.map(IdleRule::seconds);
    let (kind, level, name) = (kind.lifetime().policy_key.into(), subject.level().name().into(), subject.name());
    let actor = actor.clone();
    if is_lowered {
        Event::PolicyLowered { actor, default_seconds, idle_seconds, kind, level, max_seconds, subject: name }
    } else {
        Event::PolicySet { actor, default_seconds, idle_seconds, kind, level, max_seconds, subject: name }
    }
}

/// Tells verifiers of access tokens that end earlier now. The rows that an issue stands on are put again, so that whoever decided by what
/// held before decides again. Verifiers know lifetimes of APIs; of a client they know cut-offs: what it holds ends.
fn reach_tokens(mut commit: Commit, facts: &Facts<'_>, after: &Policies, actor: &Actor, moment: &mut Moment) -> Commit {
    for api in facts.apis {
        let lifetime = |policies: &Policies| {
            let subject = Subject::Api(api.id.clone());
            policies.effective(CredentialKind::AccessToken, &subject).max_seconds.min(api.access_token_lifetime_seconds)
        };
        let seconds = lifetime(after);
        commit = commit.put(&api::TABLE, api.row());
        if seconds < lifetime(facts.policies) {
            let before = beyond_all_issued(moment.now, (facts.latest_cut_off)(CutOffSubject::Api, &api.audience));
            commit = lower_lifetime(commit, api, seconds, before.seconds(), actor, moment);
        }
    }
    match facts.client {
        Some(client) => {
            let before = beyond_all_issued(moment.now, (facts.latest_cut_off)(CutOffSubject::Client, client.id.as_str()));
            cut_off(commit.put(&client::TABLE, client.row()), CutOffSubject::Client, client.id.0.clone(), before, actor, moment)
        }
        None => commit,
    }
}

/// Takes away what was said for a subject that goes itself.
#[must_use]
pub fn forget(mut commit: Commit, policies: &Policies, subject: &Subject) -> Commit {
    for kind in CredentialKind::ALL {
        if policies.rule(*kind, subject).is_some() {
            commit = commit.delete(&TABLE, key(*kind, subject));
        }
    }
    commit
}
