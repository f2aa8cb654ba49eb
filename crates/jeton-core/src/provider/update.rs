//! Changing what was agreed with a provider.

use std::sync::Arc;

use super::{Provider, Settings, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::root_key::RootKeys;

/// Changes a provider; who is known by it stays known.
pub fn update(provider: &Provider, settings: &Settings, root_keys: &RootKeys, actor: &Actor, moment: &mut Moment) -> Outcome<Provider> {
    let commit = Commit::new(moment);
    let updated = match settings.apply(provider.clone(), root_keys, moment) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changes = [
        ("title", provider.title != updated.title),
        ("client_id", provider.client_id != updated.client_id),
        ("client_secret", provider.sealed != updated.sealed),
        ("domains", provider.domains != updated.domains),
        ("creates_users", provider.creates_users != updated.creates_users),
        ("role_claim", provider.role_claim != updated.role_claim),
        ("roles", provider.roles != updated.roles),
    ];
    let changed: Vec<&str> = changes.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect();
    if changed.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Provider { updated_at: moment.now.seconds(), ..updated };
    let event = Event::ProviderUpdated { actor: actor.clone(), changed: Arc::from(changed.join(" ")), provider: provider.id.clone() };
    let commit = commit.put(&TABLE, updated.row()).tell(event);
    Outcome::grant(updated, commit)
}
