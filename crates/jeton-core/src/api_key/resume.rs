//! Accepting a suspended key again.

use super::standing::{idle, revoked_as_idle};
use super::state::State;
use super::{ApiKey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::idle::{Idle, Used};
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};

/// Resumes a key, also one that nobody used for so long that it is refused though nobody has written that down; its time without a use
/// begins anew.
pub fn resume(key: &Versioned<ApiKey>, policies: &Policies, used: Used, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    let before = &key.record;
    let conflict = |detail: &'static str| Refusal::new(Reason::Conflict, detail);
    let idle = idle(before, policies, used, now_seconds);
    match before.state {
        State::Revoked(_) => return Outcome::refuse(conflict("this key is revoked: nothing brings it back"), commit),
        State::Active if idle == Idle::No => return Outcome::grant((), commit),
        _ if before.ends_at(&before.current, policies) <= now_seconds => {
            return Outcome::refuse(conflict("this key has expired meanwhile: make another one"), commit);
        }
        _ if idle == Idle::Revoked => return Outcome::refuse(revoked_as_idle(), commit),
        State::Active | State::Suspended(_) => {}
    }
    let after = ApiKey { state: State::Active, active_since: now_seconds, updated_at: now_seconds, ..before.clone() };
    let event = Event::ApiKeyResumed { actor: actor.clone(), key: after.id, previous: key.version };
    Outcome::grant((), commit.put(&TABLE, after.row()).tell(event))
}
