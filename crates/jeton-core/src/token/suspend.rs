//! Suspending one token, and resuming it.

use std::sync::Arc;

use super::negative::{Negative, Says};
use super::standing::Standing;
use super::{AccessToken, negative};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::{Reason, Refusal};
use crate::why::Speaker;

/// Refuses a token until it is resumed.
pub fn suspend<'a>(
    token: &AccessToken,
    audience: &Arc<str>,
    standing: Standing,
    by: impl Into<Speaker<'a>>,
    moment: &mut Moment,
) -> Outcome<()> {
    let (commit, by) = (Commit::new(moment), by.into());
    match standing {
        Standing::Revoked => Outcome::refuse(Refusal::new(Reason::Conflict, "this token is revoked: it cannot be suspended"), commit),
        Standing::Expired => Outcome::refuse(Refusal::new(Reason::Conflict, "this token has expired: it cannot be suspended"), commit),
        Standing::Suspended => Outcome::grant((), commit),
        Standing::Active => {
            let until_seconds = token.remembered_until();
            let row = Negative::new(Says::Suspended(token.id, audience.clone()), until_seconds, moment).row();
            let event = Event::TokenSuspended {
                actor: by.actor.clone(),
                api: token.api.clone(),
                client: token.client.clone(),
                token: token.id,
                until_seconds,
                why: by.told(),
            };
            Outcome::grant((), commit.put(&negative::TABLE, row).tell(event))
        }
    }
}

/// Accepts a suspended token again.
pub fn resume(token: &AccessToken, audience: &Arc<str>, standing: Standing, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    match standing {
        Standing::Revoked => Outcome::refuse(Refusal::new(Reason::Conflict, "this token is revoked: nothing brings it back"), commit),
        Standing::Expired => Outcome::refuse(Refusal::new(Reason::Conflict, "this token has expired: there is nothing to resume"), commit),
        Standing::Active => Outcome::grant((), commit),
        Standing::Suspended => {
            let until_seconds = token.remembered_until();
            let row = Negative::new(Says::Resumed(token.id, audience.clone()), until_seconds, moment).row();
            let event = Event::TokenResumed {
                actor: actor.clone(),
                api: token.api.clone(),
                client: token.client.clone(),
                token: token.id,
                until_seconds,
            };
            Outcome::grant((), commit.put(&negative::TABLE, row).tell(event))
        }
    }
}
