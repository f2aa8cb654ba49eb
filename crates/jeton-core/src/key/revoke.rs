//! Emergency: a signing key is no longer trusted, and nothing it ever signed is.

use super::rotate::hand_over;
use super::{FreshKey, Purpose, Ring, SigningKeyRecord, State, TABLE, add};
use crate::commit::Commit;
use crate::event::Event;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::{ACCESS_TOKEN, KEPT_AFTER_EXPIRY_SECONDS};
use crate::refusal::{Reason, Refusal};
use crate::token::negative::{self, Negative, Says};
use crate::why::Speaker;

/// Revokes a key. Where it was signing, the next takes over at once; where it was the next, `fresh` replaces it.
pub fn revoke<'a>(key: &SigningKeyRecord, ring: Ring, fresh: FreshKey, by: impl Into<Speaker<'a>>, moment: &mut Moment) -> Outcome<()> {
    let (mut commit, by) = (Commit::new(moment), by.into());
    let actor = by.actor;
    let now = moment.now.seconds();
    if key.purpose != Purpose::Token {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "this key signs the ledger's checkpoints, not tokens"), commit);
    }
    if key.state == State::Revoked {
        return Outcome::grant((), commit);
    }
    let until_seconds = now + ACCESS_TOKEN.max_seconds + KEPT_AFTER_EXPIRY_SECONDS;
    let revoked = SigningKeyRecord { state: State::Revoked, sealed: None, remove_at: Some(until_seconds), ..key.clone() };
    let negative = Negative::new(Says::KeyRevoked(key.id.clone()), until_seconds, moment);
    commit = commit.put(&TABLE, revoked.row()).put(&negative::TABLE, negative.row()).tell(Event::SigningKeyRevoked {
        actor: actor.clone(),
        key: key.id.clone(),
        until_seconds,
        why: by.told(),
    });
    if key.state == State::Retired {
        return Outcome::grant((), commit);
    }
    if let (State::Current, Some(next)) = (key.state, ring.next) {
        commit = hand_over(commit, next, None, actor, now);
    }
    let fresh = fresh.record(Purpose::Token, State::Next, moment);
    Outcome::grant((), add(commit, &fresh, actor))
}
