//! Rotation: the next key signs from now on, the one before it is retired, and a fresh one is published ahead.

use super::{FreshKey, Ring, SigningKeyRecord, State, TABLE, add};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, KeyId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::{ACCESS_TOKEN, KEPT_AFTER_EXPIRY_SECONDS, KEY_SET_MAX_AGE_SECONDS};
use crate::refusal::{Reason, Refusal};

/// How long a key is published before it signs, in seconds: twice as long as a cache may hold the set.
pub const PUBLISHED_AHEAD_SECONDS: i64 = 2 * KEY_SET_MAX_AGE_SECONDS;

/// Whether the schedule asks for a rotation: a key signs for `lifetime_seconds`.
#[must_use]
pub fn is_due(ring: &Ring, lifetime_seconds: i64, now_seconds: i64) -> bool {
    ring.current.as_ref().and_then(|key| key.activated_at).is_some_and(|since| since + lifetime_seconds <= now_seconds)
        && ring.next.as_ref().is_some_and(|next| next.created_at + PUBLISHED_AHEAD_SECONDS <= now_seconds)
}

/// Rotates a ring. Refused while caches may not know the next key yet, unless `now_even_so`.
pub fn rotate(ring: Ring, fresh: FreshKey, now_even_so: bool, actor: &Actor, moment: &mut Moment) -> Outcome<KeyId> {
    let commit = Commit::new(moment);
    let now = moment.now.seconds();
    let Some(next) = ring.next else {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "there is no next key to rotate to"), commit);
    };
    let ready_in = next.created_at + PUBLISHED_AHEAD_SECONDS - now;
    if ready_in > 0 && !now_even_so {
        let detail = format!(
            "the next key was published less than {PUBLISHED_AHEAD_SECONDS} seconds ago: caches may not know it for another {ready_in} seconds"
        );
        return Outcome::refuse(Refusal::new(Reason::Conflict, detail), commit);
    }
    let id = next.id.clone();
    let commit = hand_over(commit, next, ring.current.map(|current| retire(current, now)), actor, now);
    let fresh = fresh.record(super::Purpose::Token, State::Next, moment);
    Outcome::grant(id, add(commit, &fresh, actor))
}

/// Adds to a commit that takes a clock back: of what was published later than now nobody knows when it was. It counts as published now, so
/// that it signs once caches must know it.
#[must_use]
pub fn publish_anew<'a>(commit: Commit, keys: impl Iterator<Item = &'a SigningKeyRecord>, now: i64) -> Commit {
    keys.filter(|key| key.state == State::Next && key.created_at > now).fold(commit, |commit, key| {
        let published = SigningKeyRecord { created_at: now, ..key.clone() };
        commit.put(&TABLE, published.row())
    })
}

/// Lets `next` sign, with what becomes of the key before it.
pub(super) fn hand_over(commit: Commit, next: SigningKeyRecord, before: Option<SigningKeyRecord>, actor: &Actor, now: i64) -> Commit {
    let event =
        Event::SigningKeyActivated { actor: actor.clone(), key: next.id.clone(), retired: before.as_ref().map(|before| before.id.clone()) };
    let activated = SigningKeyRecord { state: State::Current, activated_at: Some(now), ..next };
    let commit = commit.put(&TABLE, activated.row()).tell(event);
    match before {
        Some(before) => commit.put(&TABLE, before.row()),
        None => commit,
    }
}

fn retire(current: SigningKeyRecord, now: i64) -> SigningKeyRecord {
    let remove_at = now + ACCESS_TOKEN.max_seconds + KEPT_AFTER_EXPIRY_SECONDS;
    SigningKeyRecord { state: State::Retired, sealed: None, remove_at: Some(remove_at), ..current }
}
