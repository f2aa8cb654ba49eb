//! What a clock that was ahead has dated: it would begin one day, and no cut-off of today reaches it
//! (`docs/decisions/0010-an-accepted-clock-ends-what-was-dated-ahead.md`).

use std::sync::Arc;

use super::AccessToken;
use super::revoke::revoked;
use crate::commit::Commit;
use crate::id::Actor;
use crate::moment::{Moment, Time};

/// The most tokens that one commit revokes: it keeps within the size of a group.
pub const REVOKED_AT_ONCE: usize = 256;

/// Whether a token is dated later than a clock that is right reads.
#[must_use]
pub fn is_dated_ahead(token: &AccessToken, now: Time) -> bool {
    token.issued_at > now.seconds()
}

/// Revokes tokens, each with its audience; at most [`REVOKED_AT_ONCE`].
pub fn revoke_dated_ahead(tokens: &[(AccessToken, Arc<str>)], actor: &Actor, moment: &mut Moment) -> Commit {
    let commit = Commit::new(moment);
    tokens.iter().fold(commit, |commit, (token, audience)| revoked(commit, token, audience, actor.into(), moment))
}
