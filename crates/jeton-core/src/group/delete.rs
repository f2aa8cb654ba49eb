//! Removing a group: what its members had by it, they have no longer.

use super::member::{self, Membership};
use super::{Group, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::refusal::{Reason, Refusal};
use crate::role::assign::{self, Assignment};

/// How many keys a group has that are not at their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnedKeys {
    /// So many were seen.
    pub count: usize,
    /// Whether there may be more.
    pub has_more: bool,
}

/// Removes a group with its memberships and its roles; not while it has keys, which nobody could have any more. A member or a role that is
/// added meanwhile counts for nothing: an id is never used again.
pub fn delete(
    group: &Group,
    owned: OwnedKeys,
    (members, assignments): (&[Membership], &[Assignment]),
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<()> {
    if owned.count > 0 || owned.has_more {
        let count = if owned.has_more { format!("more than {}", owned.count) } else { owned.count.to_string() };
        let keys = if owned.count == 1 && !owned.has_more { "key" } else { "keys" };
        let detail = format!("this group has {count} {keys}: give them to another owner, or revoke them");
        return Outcome::refuse(Refusal::new(Reason::Conflict, detail), Commit::new(moment));
    }
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
