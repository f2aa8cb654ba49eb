//! Changing a role: whoever holds it has what it gives from then on.

use std::sync::Arc;

use super::create::{parse_role_name, parse_role_scopes};
use super::{Role, TABLE};
use crate::api::Api;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_description;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateRole {
    /// What people call it.
    pub name: Option<String>,
    /// What it is for; an empty one takes it away.
    pub description: Option<String>,
    /// All it gives from then on, separated by spaces.
    pub scopes: Option<String>,
}

/// Changes a role of this API. What is given and what is taken are told apart, each by its own entry.
pub fn update(role: &Role, request: &UpdateRole, api: &Api, actor: &Actor, moment: &mut Moment) -> Outcome<Role> {
    let mut commit = Commit::new(moment);
    let updated = match apply(role, request, api) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let (actor, id) = (actor.clone(), role.id.clone());
    let (given, taken) = (updated.scopes.difference(&role.scopes), role.scopes.difference(&updated.scopes));
    let described = [("name", role.name != updated.name), ("description", role.description != updated.description)];
    let changed: Vec<&str> = described.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect();
    if !changed.is_empty() {
        commit = commit.tell(Event::RoleUpdated { actor: actor.clone(), changed: Arc::from(changed.join(" ")), role: id.clone() });
    }
    if !taken.is_empty() {
        commit = commit.tell(Event::RoleNarrowed { actor: actor.clone(), role: id.clone(), scopes: Arc::from(taken.as_str()) });
    }
    if !given.is_empty() {
        commit = commit.tell(Event::RoleWidened { actor, role: id, scopes: Arc::from(given.as_str()) });
    }
    if commit.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Role { updated_at: moment.now.seconds(), ..updated };
    let commit = commit.put(&TABLE, updated.row());
    Outcome::grant(updated, commit)
}

fn apply(role: &Role, request: &UpdateRole, api: &Api) -> Result<Role, Refusal> {
    let mut updated = role.clone();
    if let Some(name) = &request.name {
        updated.name = parse_role_name(name)?;
    }
    if request.description.is_some() {
        updated.description = parse_description(request.description.as_deref())?;
    }
    if let Some(scopes) = &request.scopes {
        updated.scopes = parse_role_scopes(scopes, api)?;
    }
    Ok(updated)
}
