//! How a key stands now, and whether nobody has used it for long.

use super::ApiKey;
use super::secret::Slot;
use super::state::{Ended, State};
use crate::gap::Fence;
use crate::policy::effective::Policies;
use crate::policy::idle::{Idle, Used};
use crate::refusal::{Reason, Refusal};
use crate::rights::OwnerStanding;
use crate::why::{Because, Why};

/// How a key stands. Of several reasons against it the hardest is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is accepted.
    Live,
    /// It is refused for ever.
    Revoked(Why),
    /// The presented secret has come to its end.
    Expired,
    /// It is refused for now.
    Suspended(Why),
}

/// What is said of a key's surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Whether what it is for is there.
    pub has_api: bool,
    /// How its owner stands.
    pub owner: OwnerStanding,
    /// Whether its owner, its API or everything is suspended.
    pub is_suspended: bool,
    /// The latest cut-off over its owner, its API and everything, in seconds.
    pub not_before_seconds: i64,
    /// Which secrets are refused until a gap is accepted.
    pub fence: Fence,
    /// How long it may live, and be idle.
    pub policies: &'a Policies,
    /// What is known of its use.
    pub used: Used,
}

/// How a key stands when the secret of this slot is presented.
#[must_use]
pub fn standing(key: &ApiKey, slot: Slot, around: &Surroundings<'_>, now_seconds: i64) -> Standing {
    let secret = key.secret(slot);
    if let State::Revoked(ended) = &key.state {
        return Standing::Revoked(ended.why.reason());
    }
    if !around.has_api {
        return Standing::Revoked(Why::ApiGone);
    }
    if around.owner == OwnerStanding::Gone {
        return Standing::Revoked(Why::OwnerGone);
    }
    if secret.is_some_and(|secret| secret.created_at < around.not_before_seconds) {
        return Standing::Revoked(Why::CutOff);
    }
    if secret.is_none_or(|secret| key.ends_at(secret, around.policies) <= now_seconds) {
        return Standing::Expired;
    }
    if secret.is_some_and(|secret| around.fence.holds_back(secret.created_at)) {
        return Standing::Suspended(Why::Gap);
    }
    let idle = idle(key, around.policies, around.used, now_seconds);
    if idle == Idle::Revoked {
        return Standing::Revoked(Why::Idle);
    }
    match (&key.state, around.owner) {
        (State::Suspended(ended), _) => Standing::Suspended(ended.why.reason()),
        (_, OwnerStanding::Disabled) => Standing::Suspended(Why::OwnerLeft),
        (_, OwnerStanding::NoAccess) => Standing::Suspended(Why::NoAccess),
        _ if around.is_suspended || around.owner == OwnerStanding::Suspended => Standing::Suspended(Why::Unspecified),
        _ if idle == Idle::Suspended => Standing::Suspended(Why::Idle),
        _ => Standing::Live,
    }
}

/// What follows for a key that lives from nobody using it.
#[must_use]
pub fn idle(key: &ApiKey, policies: &Policies, used: Used, now_seconds: i64) -> Idle {
    let judged = key.rule(policies).idle(key.in_use_since(), used, now_seconds);
    match &key.state {
        State::Active => judged,
        State::Suspended(Ended { why: Because::Reason(Why::Idle), .. }) if judged == Idle::Revoked => Idle::Revoked,
        // Who suspended it for another reason decides over it.
        State::Suspended(_) | State::Revoked(_) => Idle::No,
    }
}

/// Refuses to go on with a key that nobody used for so long that it is not accepted, whether or not that was written down already.
///
/// # Errors
/// `Conflict`, with what to do.
pub fn check_not_idle(key: &ApiKey, policies: &Policies, used: Used, now_seconds: i64) -> Result<(), Refusal> {
    match idle(key, policies, used, now_seconds) {
        Idle::No => Ok(()),
        Idle::Suspended => Err(Refusal::new(Reason::Conflict, "nobody used this key for so long that it is suspended: resume it first")),
        Idle::Revoked => Err(revoked_as_idle()),
    }
}

/// What is said of a key that is revoked because nobody used it.
pub(super) fn revoked_as_idle() -> Refusal {
    Refusal::new(Reason::Conflict, "nobody used this key for so long that it is revoked: make another one")
}
