//! Letting a key live beyond its maximum, until a day.

use std::sync::Arc;

use super::secret::KeptSecret;
use super::state::State;
use super::{ApiKey, TABLE, outdated};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::exception::request::{CreateException, Excepted, put};
use crate::policy::exception::{self, PolicyException};
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};

/// What changes of the key.
const CHANGED: &str = "expires_at";

/// Lets a key live beyond its maximum, until the exception ends; also one that the maximum has ended, but none that came to the end it was
/// made with, or was revoked.
pub fn except(
    key: &Versioned<ApiKey>,
    request: &CreateException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<PolicyException> {
    let commit = Commit::new(moment);
    let exception = match parse(&key.record, request, policies, actor, moment) {
        Ok(exception) => exception,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let mut after = key.record.clone();
    after.current.expires_at = exception.ends_at;
    after.updated_at = moment.now.seconds();
    let widened = Event::ApiKeyWidened { actor: actor.clone(), changed: CHANGED.into(), key: after.id, previous: key.version };
    Outcome::grant(exception.clone(), put(commit, &exception, actor).put(&TABLE, after.row()).tell(widened))
}

fn parse(
    key: &ApiKey,
    request: &CreateException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Result<PolicyException, Refusal> {
    if matches!(key.state, State::Revoked(_)) || key.current.expires_at <= moment.now.seconds() {
        return Err(Refusal::new(Reason::Conflict, "this key is revoked, or has come to the end it was made with: make another one"));
    }
    request.parse(&excepted(key, key.current.created_at, policies), actor, moment)
}

/// What an exception for a key says of it.
pub(super) fn excepted<'a>(key: &ApiKey, created_at: i64, policies: &'a Policies) -> Excepted<'a> {
    Excepted {
        kind: key.kind.credential_kind(),
        credential: Arc::from(key.id.to_string()),
        ends_by_policy: created_at.saturating_add(key.rule(policies).max_seconds),
        policies,
    }
}

/// Ends the exception for a key at once: the maximum holds again, and whoever remembers an answer about the key asks anew. What the key is
/// left with is written into it: no more than the exception gave, nor than it was made with, whatever a policy says later.
pub fn end_exception(
    key: &Versioned<ApiKey>,
    exception: &PolicyException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<()> {
    let commit = exception::end::take_away(Commit::new(moment), exception, actor);
    let (commit, after, outdated) = outdated::put(commit, left_with(&key.record, exception, policies), moment);
    Outcome::grant(
        (),
        commit.tell(Event::ApiKeyNarrowed {
            actor: actor.clone(),
            api: after.api.clone(),
            before_seconds: outdated.before_seconds,
            changed: CHANGED.into(),
            key: after.id,
            previous: key.version,
            until_seconds: outdated.until_seconds,
        }),
    )
}

/// The key as it is without its exception.
fn left_with(key: &ApiKey, exception: &PolicyException, policies: &Policies) -> ApiKey {
    let max_seconds = key.rule(policies).max_seconds;
    // One that was imported with an end of its own does not say how long it was to live.
    let seconds = if key.is_imported { max_seconds } else { max_seconds.min(key.lifetime_seconds) };
    let ended = |secret: &KeptSecret| secret.clone().ended(exception.ends_at.min(secret.created_at.saturating_add(seconds)));
    ApiKey { current: ended(&key.current), previous: key.previous.as_ref().map(ended), ..key.clone() }
}
