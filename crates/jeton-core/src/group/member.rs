//! Who is in a group.

use super::Group;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, GroupId, PersonId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::record::{Class, Column, Index, Key, Malformed, Reader, Row, Table, Value};

/// One person in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// Who is in it.
    pub person: PersonId,
    /// Since when, in seconds.
    pub created_at: i64,
}

/// Where memberships are kept.
pub static TABLE: Table = Table {
    name: "membership",
    columns: &[Column::text("group_id"), Column::text("person_id"), Column::int("created_at")],
    key: 2,
    indexes: &[Index { name: "membership_by_person", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// The key of somebody's membership.
#[must_use]
pub fn key(group: &GroupId, person: &PersonId) -> Key {
    vec![Value::Text(group.0.clone()), Value::Text(person.0.clone())]
}

/// Whose membership a key names.
///
/// # Errors
/// When it is not a key of this table.
pub fn of_key(key: &Key) -> Result<(GroupId, PersonId), Malformed> {
    let mut reader = Reader::new(&TABLE, key);
    Ok((GroupId(reader.text()?), PersonId(reader.text()?)))
}

impl Membership {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = key(&self.group, &self.person);
        row.push(Value::Int(self.created_at));
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Membership, Malformed> {
        let mut reader = Reader::new(&TABLE, row);
        Ok(Membership { group: GroupId(reader.text()?), person: PersonId(reader.text()?), created_at: reader.int()? })
    }
}

/// Adds somebody to a group; `is_member` says that they are in it already, and nothing changes.
pub fn add(group: &Group, person: &Person, is_member: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if is_member {
        return Outcome::grant((), commit);
    }
    let membership = Membership { group: group.id.clone(), person: person.id.clone(), created_at: moment.now.seconds() };
    let event = Event::MembershipAdded { actor: actor.clone(), group: group.id.clone(), user: person.id.clone() };
    Outcome::grant((), commit.put(&TABLE, membership.row()).tell(event))
}

/// Takes somebody out of a group; `is_member` says whether they are in it.
pub fn remove(group: &Group, person: &Person, is_member: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if !is_member {
        return Outcome::grant((), commit);
    }
    let event = Event::MembershipRemoved { actor: actor.clone(), group: group.id.clone(), user: person.id.clone() };
    Outcome::grant((), commit.delete(&TABLE, key(&group.id, &person.id)).tell(event))
}
