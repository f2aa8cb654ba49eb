//! Refusing a secret for now or for ever, accepting it again, and forgetting it.

use super::{ClientSecret, TABLE};
use crate::api_key::state::{Ended, State};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::notice::{self, Ending};
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::idle::{Idle, Used};
use crate::record::Value;
use crate::refusal::{Reason, Refusal};
use crate::why::{Because, Why};

/// How long a secret is kept after its end, in seconds.
pub const KEPT_AFTER_END_SECONDS: i64 = 400 * 86_400;

/// Refuses a secret until it is resumed; one that nobody used for so long that it is over stays over. One that is suspended because nobody
/// uses it is from then on suspended by who says so: it neither ends nor comes back as merely idle.
pub fn suspend(
    secret: &ClientSecret,
    policies: &Policies,
    used: Used,
    (why, actor): (impl Into<Because>, &Actor),
    moment: &mut Moment,
) -> Outcome<()> {
    let (commit, why) = (Commit::new(moment), why.into());
    let now_seconds = moment.now.seconds();
    if secret.has_ended(policies, now_seconds) || secret.idle(policies, used, now_seconds) == Idle::Revoked {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "this secret has ended: it cannot be suspended"), commit);
    }
    if matches!(&secret.state, State::Suspended(ended) if ended.why.reason() != Why::Idle || why.reason() == Why::Idle) {
        return Outcome::grant((), commit);
    }
    let told = why.as_str().into();
    let state = State::Suspended(Ended { at: now_seconds, by: actor.clone(), why });
    let event = Event::ClientSecretSuspended { actor: actor.clone(), client: secret.client.clone(), secret: secret.id.clone(), why: told };
    Outcome::grant((), commit.put(&TABLE, ClientSecret { state, ..secret.clone() }.row()).tell(event))
}

/// Accepts a suspended secret again, also one that nobody used for so long that it is refused though nobody has written that down; its time
/// without a use begins anew.
pub fn resume(secret: &ClientSecret, policies: &Policies, used: Used, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    let idle = secret.idle(policies, used, now_seconds);
    let conflict = |detail: &'static str| Refusal::new(Reason::Conflict, detail);
    if secret.has_ended(policies, now_seconds) || idle == Idle::Revoked {
        return Outcome::refuse(conflict("this secret has ended: make another one"), commit);
    }
    if secret.state == State::Active && idle == Idle::No {
        return Outcome::grant((), commit);
    }
    let event = Event::ClientSecretResumed { actor: actor.clone(), client: secret.client.clone(), secret: secret.id.clone() };
    let after = ClientSecret { state: State::Active, active_since: now_seconds, ..secret.clone() };
    Outcome::grant((), commit.put(&TABLE, after.row()).tell(event))
}

/// Ends a secret at once; one that a policy ended too, since a policy may change.
pub fn revoke(secret: &ClientSecret, why: impl Into<Because>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    if secret.expires_at <= now_seconds {
        return Outcome::grant((), commit);
    }
    let why = why.into();
    let told = why.told();
    let state = State::Revoked(Ended { at: now_seconds, by: actor.clone(), why });
    let event = Event::ClientSecretEnded {
        actor: actor.clone(),
        client: secret.client.clone(),
        ends_at_seconds: now_seconds,
        secret: secret.id.clone(),
        why: told,
    };
    Outcome::grant((), commit.put(&TABLE, ClientSecret { state, expires_at: now_seconds, ..secret.clone() }.row()).tell(event))
}

/// Forgets a secret that ended long ago.
pub fn remove(secret: &ClientSecret, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if moment.now.seconds() < removable_from(secret) {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "a secret is kept for 400 days after its end"), commit);
    }
    let event = Event::ClientSecretRemoved { actor: actor.clone(), client: secret.client.clone(), secret: secret.id.clone() };
    let commit = commit.delete(&TABLE, vec![Value::Text(secret.id.0.clone())]);
    Outcome::grant((), commit.delete(&notice::TABLE, notice::key(Ending::ClientSecret, &secret.id.0)).tell(event))
}

/// When a secret may be forgotten, in seconds.
#[must_use]
pub fn removable_from(secret: &ClientSecret) -> i64 {
    secret.expires_at.saturating_add(KEPT_AFTER_END_SECONDS)
}
