//! Giving a key to another owner: its text stays, what it may do follows the new one.

use super::facts::KeyFacts;
use super::state::State;
use super::{ApiKey, ApiKeyKind, outdated, word};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::owner::Owner;
use crate::record::Versioned;
use crate::refusal::{Reason, Refusal};

/// Transfers a key; `facts` are of the new owner.
pub fn transfer(key: &Versioned<ApiKey>, to: &Owner, facts: &KeyFacts<'_>, actor: &Actor, moment: &mut Moment) -> Outcome<ApiKey> {
    let commit = Commit::new(moment);
    let before = &key.record;
    if before.owner == *to {
        return Outcome::grant(before.clone(), commit);
    }
    let after = match apply(before, to, facts) {
        Ok(after) => after,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let (commit, after, outdated) = outdated::put(commit, after, moment);
    let event = Event::ApiKeyTransferred {
        actor: actor.clone(),
        api: after.api.clone(),
        before_seconds: outdated.before_seconds,
        from: before.owner.to_string().into(),
        key: after.id,
        previous: key.version,
        to: to.to_string().into(),
        until_seconds: outdated.until_seconds,
    };
    let commit = word::keep(commit.tell(event), Some(before), Some(&after));
    Outcome::grant(after, commit)
}

fn apply(before: &ApiKey, to: &Owner, facts: &KeyFacts<'_>) -> Result<ApiKey, Refusal> {
    if matches!(before.state, State::Revoked(_)) {
        return Err(Refusal::new(Reason::Conflict, "this key is revoked: nothing changes it"));
    }
    if ApiKeyKind::of(to) != before.kind {
        let detail = match before.kind {
            ApiKeyKind::Personal => "a personal access token goes from person to person alone",
            ApiKeyKind::Key => "an API key does not become a person's: make a personal access token",
        };
        return Err(Refusal::invalid(detail));
    }
    facts.check_owner()?;
    if before.current.created_at < facts.not_before_seconds {
        // It would be refused for ever from the first check on.
        let detail = "the new owner, the client that hands the key out, or its API was cut off after the secret of this key was made: \
                      rotate the key first, then its new secret goes along";
        return Err(Refusal::new(Reason::Conflict, detail));
    }
    if !before.scopes.is_empty() && before.scopes.intersection(&facts.may_have()).is_empty() {
        return Err(Refusal::new(Reason::InvalidScope, "the new owner may have nothing of what this key allows"));
    }
    let client = facts.handed_out_by(to)?.map(|client| client.id.clone());
    Ok(ApiKey { owner: to.clone(), client, ..before.clone() })
}
