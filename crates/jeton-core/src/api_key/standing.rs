//! How a key stands now, and whether nobody has used it for long.

use super::ApiKey;
use super::secret::Slot;
use super::state::{State, Why};
use crate::policy::effective::Policies;
use crate::rights::OwnerStanding;

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
    /// How its owner stands.
    pub owner: OwnerStanding,
    /// Whether its owner, its API or everything is suspended.
    pub is_suspended: bool,
    /// The latest cut-off over its owner, its API and everything, in seconds.
    pub not_before_seconds: i64,
    /// How long it may live.
    pub policies: &'a Policies,
}

/// How a key stands when the secret of this slot is presented.
#[must_use]
pub fn standing(key: &ApiKey, slot: Slot, around: &Surroundings<'_>, now_seconds: i64) -> Standing {
    let secret = key.secret(slot);
    if let State::Revoked(ended) = &key.state {
        return Standing::Revoked(ended.why);
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
    match (&key.state, around.owner) {
        (State::Suspended(ended), _) => Standing::Suspended(ended.why),
        (_, OwnerStanding::Disabled) => Standing::Suspended(Why::OwnerLeft),
        _ if around.is_suspended => Standing::Suspended(Why::Unspecified),
        _ => Standing::Live,
    }
}

/// What follows from nobody using a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Nothing yet.
    No,
    /// It is to be suspended.
    Suspend,
    /// It is to be revoked.
    Revoke,
}

/// Whether nobody has used a key for long: for its idle time, or for twice as long. `last_used_at` is when somebody last did, and
/// `counted_since` from when on uses are counted without a gap, both in seconds: nobody loses a key for what was not counted.
#[must_use]
pub fn idle(key: &ApiKey, last_used_at: Option<i64>, counted_since: i64, now_seconds: i64) -> Idle {
    let Some(idle_seconds) = key.kind.credential_kind().lifetime().idle_seconds else { return Idle::No };
    let since = last_used_at.unwrap_or(i64::MIN).max(key.active_since).max(counted_since);
    let unused = now_seconds.saturating_sub(since);
    match &key.state {
        State::Revoked(_) => Idle::No,
        State::Active | State::Suspended(_) if unused >= 2 * idle_seconds => match &key.state {
            // Who suspended it for another reason decides over it.
            State::Suspended(ended) if ended.why != Why::Idle => Idle::No,
            _ => Idle::Revoke,
        },
        State::Active if unused >= idle_seconds => Idle::Suspend,
        State::Active | State::Suspended(_) => Idle::No,
    }
}
