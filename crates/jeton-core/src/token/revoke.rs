//! Revoking one token: final (RFC 7009).

use std::sync::Arc;

use super::negative::{Negative, Says};
use super::{AccessToken, negative};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ClientId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::KEPT_AFTER_EXPIRY_SECONDS;
use crate::refusal::{Reason, Refusal};
use crate::why::Speaker;

/// Revokes a token that a client handed in: only its own (RFC 7009 section 2.1). `is_revoked` says that it is dead for good already: then
/// nothing is written. That it has expired is no reason: a clock that is set back would bring it to life.
pub fn revoke_own(token: &AccessToken, audience: &Arc<str>, client: &ClientId, is_revoked: bool, moment: &mut Moment) -> Outcome<()> {
    if token.client == *client {
        revoke(token, audience, &Actor(format!("client:{client}").into()), is_revoked, moment)
    } else {
        let refusal = Refusal::new(Reason::UnauthorizedClient, "this token was issued to another client");
        Outcome::refuse(refusal, Commit::new(moment))
    }
}

/// Revokes a token, whoever holds it.
pub fn revoke<'a>(
    token: &AccessToken,
    audience: &Arc<str>,
    by: impl Into<Speaker<'a>>,
    is_revoked: bool,
    moment: &mut Moment,
) -> Outcome<()> {
    let commit = Commit::new(moment);
    if is_revoked {
        return Outcome::grant((), commit);
    }
    Outcome::grant((), revoked(commit, token, audience, by.into(), moment))
}

/// Adds the revocation of a token to a commit.
pub(super) fn revoked(commit: Commit, token: &AccessToken, audience: &Arc<str>, by: Speaker<'_>, moment: &mut Moment) -> Commit {
    let until_seconds = token.remembered_until().max(moment.now.seconds() + KEPT_AFTER_EXPIRY_SECONDS);
    let row = Negative::new(Says::Revoked(token.id, audience.clone()), until_seconds, moment).row();
    let event = Event::TokenRevoked {
        actor: by.actor.clone(),
        api: token.api.clone(),
        client: token.client.clone(),
        token: token.id,
        until_seconds,
        why: by.told(),
    };
    commit.put(&negative::TABLE, row).tell(event)
}
