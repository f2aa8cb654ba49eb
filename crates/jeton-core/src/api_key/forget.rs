//! Forgetting a key whose owner is to be forgotten: it ends, and nothing of it is kept.

use super::imported::ImportedKey;
use super::remove::take_away;
use super::state::State;
use super::{ApiKey, outdated};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::exception::PolicyException;
use crate::policy::exception::end;
use crate::record::Versioned;
use crate::why::Why;

/// What is kept beside a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// Its imported texts.
    pub foreign: &'a [ImportedKey],
    /// What lets it live beyond its maximum.
    pub exception: Option<&'a PolicyException>,
}

/// Ends a key, unless it has ended, and removes it with what is kept beside it: what people called it and wrote of it goes.
pub fn forget(key: &Versioned<ApiKey>, beside: Beside<'_>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let mut commit = Commit::new(moment);
    if !matches!(key.record.state, State::Revoked(_)) {
        let (told, outdated) = outdated::tell(commit, &key.record, moment);
        commit = told.tell(Event::ApiKeyRevoked {
            actor: actor.clone(),
            api: key.record.api.clone(),
            before_seconds: outdated.before_seconds,
            key: key.record.id,
            previous: key.version,
            until_seconds: outdated.until_seconds,
            why: Why::OwnerGone.name().into(),
        });
    }
    if let Some(exception) = beside.exception {
        commit = end::take_away(commit, exception, actor);
    }
    Outcome::grant((), take_away(commit, &key.record, beside.foreign, actor))
}
