//! Accepting a suspended key again.

use super::secret::Slot;
use super::standing::{Standing, Surroundings, idle, revoked_as_idle, standing};
use super::state::State;
use super::{ApiKey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::idle::Idle;
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};
use crate::why::Why;

/// Resumes a key, also one that nobody used for so long that it is refused though nobody has written that down; its time without a use
/// begins anew. What nothing brings back is refused, whether or not it was suspended.
pub fn resume(key: &Versioned<ApiKey>, around: &Surroundings<'_>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    let before = &key.record;
    let conflict = |detail: &'static str| Refusal::new(Reason::Conflict, detail);
    match standing(before, Slot::Current, around, now_seconds) {
        Standing::Revoked(Why::Idle) if !matches!(before.state, State::Revoked(_)) => return Outcome::refuse(revoked_as_idle(), commit),
        Standing::Revoked(Why::CutOff) => {
            return Outcome::refuse(conflict("this key was cut off, with its owner, its API or everything: make another one"), commit);
        }
        Standing::Revoked(_) => return Outcome::refuse(conflict("this key is revoked: nothing brings it back"), commit),
        Standing::Expired => return Outcome::refuse(conflict("this key has expired: make another one"), commit),
        Standing::Live | Standing::Suspended(_) => {}
    }
    if before.state == State::Active && idle(before, around.policies, around.used, now_seconds) == Idle::No {
        return Outcome::grant((), commit);
    }
    let after = ApiKey { state: State::Active, active_since: now_seconds, updated_at: now_seconds, ..before.clone() };
    let event = Event::ApiKeyResumed { actor: actor.clone(), key: after.id, previous: key.version };
    Outcome::grant((), commit.put(&TABLE, after.row()).tell(event))
}
