//! Forgetting a key that ended long ago.

use std::sync::Arc;

use super::imported::{self, ImportedKey};
use super::state::State;
use super::{ApiKey, ApiKeyKind, TABLE, uses, word};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::notice::{self, Ending};
use crate::outcome::Outcome;
use crate::record::Value;
use crate::refusal::{Reason, Refusal};

/// How long a key is kept after its end, in seconds.
pub const KEPT_AFTER_END_SECONDS: i64 = 400 * 86_400;

/// When a key may be forgotten, in seconds.
#[must_use]
pub fn removable_from(key: &ApiKey) -> i64 {
    let expires_at = key.previous.iter().map(|previous| previous.expires_at).fold(key.current.expires_at, i64::max);
    let ended_at = match &key.state {
        State::Revoked(ended) => ended.at.min(expires_at),
        State::Active | State::Suspended(_) => expires_at,
    };
    ended_at.saturating_add(KEPT_AFTER_END_SECONDS)
}

/// Removes a key with all that is kept beside it; `foreign` are its imported texts.
pub fn remove(key: &ApiKey, foreign: &[ImportedKey], actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if moment.now.seconds() < removable_from(key) {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "a key is kept for 400 days after its end"), commit);
    }
    Outcome::grant((), take_away(commit, key, foreign, actor))
}

/// Takes a key away with all that is kept beside it, and tells of it.
pub(super) fn take_away(commit: Commit, key: &ApiKey, foreign: &[ImportedKey], actor: &Actor) -> Commit {
    let id = || vec![Value::Id(key.id.0)];
    let mut commit = word::keep(commit.delete(&TABLE, id()).delete(&uses::TABLE, id()), Some(key), None);
    let ending = match key.kind {
        ApiKeyKind::Key => Ending::ApiKey,
        ApiKeyKind::Personal => Ending::PersonalAccessToken,
    };
    commit = commit.delete(&notice::TABLE, notice::key(ending, &Arc::from(key.id.to_string())));
    for text in foreign {
        commit = commit.delete(&imported::TABLE, vec![Value::Hash(*text.hash.as_bytes())]);
    }
    commit.tell(Event::ApiKeyRemoved { actor: actor.clone(), key: key.id })
}
