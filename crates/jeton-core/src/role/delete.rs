//! Removing a role: nobody has anything by it any longer.

use super::assign::{self, Assignment};
use super::{Role, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;

/// Removes a role, and takes it from everybody who holds it. An assignment that is made meanwhile counts for nothing: an id is never used
/// again.
pub fn delete(role: &Role, assignments: &[Assignment], actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    Outcome::grant((), remove(commit, role, assignments, actor))
}

/// Removes a role within a commit that takes more away, such as its API.
#[must_use]
pub fn remove(commit: Commit, role: &Role, assignments: &[Assignment], actor: &Actor) -> Commit {
    let event = Event::RoleDeleted { actor: actor.clone(), role: role.id.clone() };
    let mut commit = commit.delete(&TABLE, vec![Value::Text(role.id.0.clone())]).tell(event);
    for assignment in assignments {
        commit = commit.delete(&assign::TABLE, assign::key(&assignment.role, &assignment.holder));
    }
    commit
}
