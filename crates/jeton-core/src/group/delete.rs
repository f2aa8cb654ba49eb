//! Removing a group: what its members had by it, they have no longer.

use super::member::{self, Membership};
use super::{Group, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::role::assign::{self, Assignment};

/// Removes a group with its memberships and its roles. One that is added meanwhile counts for nothing: an id is never used again.
pub fn delete(group: &Group, members: &[Membership], assignments: &[Assignment], actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::GroupDeleted { actor: actor.clone(), group: group.id.clone() };
    let mut commit = Commit::new(moment).delete(&TABLE, vec![Value::Text(group.id.0.clone())]).tell(event);
    for membership in members {
        commit = commit.delete(&member::TABLE, member::key(&membership.group, &membership.person));
    }
    for assignment in assignments {
        commit = commit.delete(&assign::TABLE, assign::key(&assignment.role, &assignment.holder));
    }
    Outcome::grant((), commit)
}
