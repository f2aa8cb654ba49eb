//! Making a group.

use std::sync::Arc;

use super::{Group, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, GroupId, draw_name};
use crate::moment::Moment;
use crate::name::{parse_description, parse_name};
use crate::outcome::Outcome;
use crate::refusal::Refusal;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct CreateGroup {
    /// What people call it.
    pub name: String,
    /// What it is for; nothing when empty.
    pub description: Option<String>,
}

/// Makes a group with nobody in it. That the name is free is the store's word: it is unique there.
pub fn create(request: &CreateGroup, actor: &Actor, moment: &mut Moment) -> Outcome<Group> {
    let commit = Commit::new(moment);
    let group = match parse(request, moment) {
        Ok(group) => group,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let event = Event::GroupCreated { actor: actor.clone(), group: group.id.clone(), name: group.name.clone() };
    let commit = commit.put(&TABLE, group.row()).tell(event);
    Outcome::grant(group, commit)
}

fn parse(request: &CreateGroup, moment: &mut Moment) -> Result<Group, Refusal> {
    let seconds = moment.now.seconds();
    Ok(Group {
        id: GroupId(draw_name("group_", moment)),
        name: parse_group_name(&request.name)?,
        description: parse_description(request.description.as_deref())?,
        created_at: seconds,
        updated_at: seconds,
    })
}

/// A name that is no id of another group.
pub(super) fn parse_group_name(name: &str) -> Result<Arc<str>, Refusal> {
    if name.starts_with("group_") {
        return Err(Refusal::invalid("a group's name does not begin with `group_`, as an id does"));
    }
    parse_name(name, "a group")
}
