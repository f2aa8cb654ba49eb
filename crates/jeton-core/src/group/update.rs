//! Changing a group's name or description.

use std::sync::Arc;

use super::create::parse_group_name;
use super::{Group, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::name::parse_description;
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// What changes; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateGroup {
    /// What people call it.
    pub name: Option<String>,
    /// What it is for; an empty one takes it away.
    pub description: Option<String>,
}

/// Changes a group; who is in it and what it may do stays as it is.
pub fn update(group: &Group, request: &UpdateGroup, actor: &Actor, moment: &mut Moment) -> Outcome<Group> {
    let commit = Commit::new(moment);
    let updated = match apply(group, request) {
        Ok(updated) => updated,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let changes = [("name", group.name != updated.name), ("description", group.description != updated.description)];
    let changed: Vec<&str> = changes.into_iter().filter_map(|(name, is_changed)| is_changed.then_some(name)).collect();
    if changed.is_empty() {
        return Outcome::grant(updated, commit);
    }
    let updated = Group { updated_at: moment.now.seconds(), ..updated };
    let event = Event::GroupUpdated { actor: actor.clone(), changed: Arc::from(changed.join(" ")), group: group.id.clone() };
    let commit = commit.put(&TABLE, updated.row()).tell(event);
    Outcome::grant(updated, commit)
}

fn apply(group: &Group, request: &UpdateGroup) -> Result<Group, Refusal> {
    let mut updated = group.clone();
    if let Some(name) = &request.name {
        updated.name = parse_group_name(name)?;
    }
    if request.description.is_some() {
        updated.description = parse_description(request.description.as_deref())?;
    }
    Ok(updated)
}
