//! What ended long ago is forgotten: sessions, grants, consents and links. A month later nobody asks any more why something was refused.

use super::Session;
use crate::api_key::state::State;
use crate::commit::{Commit, Premise};
use crate::consent::Consent;
use crate::event::Event;
use crate::grant::Grant;
use crate::grant::refresh::ends_at;
use crate::id::Actor;
use crate::link::Link;
use crate::moment::Moment;
use crate::policy::effective::Policies;
use crate::record::{Key, Table};

/// How long after its end something is kept, in seconds.
pub const KEPT_SECONDS: i64 = 30 * 86_400;
/// How long after its end a link is kept, in seconds: nobody asks what became of it, and its address need not stay.
pub const LINK_KEPT_SECONDS: i64 = 86_400;
/// The most rows that leave in one commit.
pub const ROWS_AT_A_TIME: usize = 256;

/// A row that leaves, with the version that it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Its table.
    pub table: &'static Table,
    /// Its key.
    pub key: Key,
    /// Its version; `None`: it leaves with another, whose version was looked at.
    pub version: Option<u64>,
}

/// From when on a session may leave, in seconds.
#[must_use]
pub fn session_from(session: &Session) -> i64 {
    session.expires_at.saturating_add(KEPT_SECONDS)
}

/// From when on a consent may leave, in seconds.
#[must_use]
pub fn consent_from(consent: &Consent) -> i64 {
    consent.expires_at.saturating_add(KEPT_SECONDS)
}

/// From when on a link may leave that nobody used, in seconds.
#[must_use]
pub fn link_from(link: &Link) -> i64 {
    link.expires_at.saturating_add(LINK_KEPT_SECONDS)
}

/// From when on a grant may leave, in seconds: until then one of its tokens that comes again is known for what it is.
#[must_use]
pub fn grant_from(grant: &Grant, policies: &Policies) -> i64 {
    let ended_at = match (&grant.state, &grant.family) {
        (State::Revoked(ended) | State::Suspended(ended), _) => ended.at,
        (State::Active, Some(family)) => ends_at(grant, family, policies),
        (State::Active, None) => grant.expires_at,
    };
    ended_at.saturating_add(KEPT_SECONDS)
}

/// Deletes these rows, if none of them has changed.
#[must_use]
pub fn leave(rows: &[Leaving], moment: &mut Moment) -> Commit {
    let count = rows.iter().filter(|row| row.version.is_some()).count() as u64;
    let mut commit = Commit::new(moment).tell(Event::SignInsRemoved { actor: Actor::system(), count });
    for Leaving { table, key, version } in rows {
        if version.is_some() {
            commit.premises.push(Premise::Row { table, key: key.clone(), version: *version });
        }
        commit = commit.delete(table, key.clone());
    }
    commit
}
