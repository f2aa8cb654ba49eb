//! Refusing a key for ever.

use super::state::{Ended, State};
use super::{ApiKey, outdated};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Versioned;
use crate::why::Because;

/// Revokes a key, with all its secrets; also one that has expired, since a policy may change.
pub fn revoke(key: &Versioned<ApiKey>, why: impl Into<Because>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if matches!(key.record.state, State::Revoked(_)) {
        return Outcome::grant((), commit);
    }
    let why = why.into();
    let told = why.as_str().into();
    let state = State::Revoked(Ended { at: moment.now.seconds(), by: actor.clone(), why });
    let (commit, after, outdated) = outdated::put(commit, ApiKey { state, repeat: None, ..key.record.clone() }, moment);
    let event = Event::ApiKeyRevoked {
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
