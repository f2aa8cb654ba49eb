//! Refusing a key until somebody resumes it.

use super::standing::{idle, revoked_as_idle};
use super::state::{Ended, State};
use super::{ApiKey, outdated};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::idle::{Idle, Used};
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};
use crate::why::{Because, Why};

/// Suspends a key; one that nobody used for so long that it is revoked stays revoked, though nobody has written that down. One that is
/// suspended because nobody uses it is from then on suspended by who says so: it neither ends nor comes back as merely idle.
pub fn suspend(
    key: &Versioned<ApiKey>,
    policies: &Policies,
    used: Used,
    (why, actor): (impl Into<Because>, &Actor),
    moment: &mut Moment,
) -> Outcome<()> {
    let (commit, why) = (Commit::new(moment), why.into());
    if idle(&key.record, policies, used, moment.now.seconds()) == Idle::Revoked {
        return Outcome::refuse(revoked_as_idle(), commit);
    }
    match &key.record.state {
        State::Revoked(_) => return Outcome::refuse(Refusal::new(Reason::Conflict, "this key is revoked: it cannot be suspended"), commit),
        State::Suspended(ended) if ended.why.reason() != Why::Idle || why.reason() == Why::Idle => return Outcome::grant((), commit),
        State::Suspended(_) | State::Active => {}
    }
    let told = why.as_str().into();
    let state = State::Suspended(Ended { at: moment.now.seconds(), by: actor.clone(), why });
    let (commit, after, outdated) = outdated::put(commit, ApiKey { state, ..key.record.clone() }, moment);
    let event = Event::ApiKeySuspended {
        actor: actor.clone(),
        api: after.api.clone(),
        before_seconds: outdated.before_seconds,
        key: after.id,
        previous: key.version,
        until_seconds: outdated.until_seconds,
        why: told,
    };
    Outcome::grant((), commit.tell(event))
}
