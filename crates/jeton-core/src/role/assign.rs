//! Who holds which role.

use std::sync::Arc;

use super::Role;
use super::holder::Holder;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, RoleId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::{Class, Column, Index, Key, Malformed, Reader, Row, Table, Value};

/// One role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub role: RoleId,
    /// Who holds it.
    pub holder: Holder,
    /// Since when, in seconds.
    pub created_at: i64,
}

/// Where assignments are kept.
pub static TABLE: Table = Table {
    name: "assignment",
    columns: &[Column::text("role"), Column::text("subject"), Column::int("created_at")],
    key: 2,
    indexes: &[Index { name: "assignment_by_subject", columns: &[1], unique: false }],
    class: Class::Authority,
};

/// The key of an assignment.
#[must_use]
pub fn key(role: &RoleId, holder: &Holder) -> Key {
    vec![Value::Text(role.0.clone()), Value::text(&holder.to_string())]
}

/// Which assignment a key names.
///
/// # Errors
/// When it is not a key of this table.
pub fn of_key(key: &Key) -> Result<(RoleId, Holder), Malformed> {
    let mut reader = Reader::new(&TABLE, key);
    Ok((RoleId(reader.text()?), reader.read(|value| Holder::parse(value.as_text()?))?))
}

impl Assignment {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = key(&self.role, &self.holder);
        row.push(Value::Int(self.created_at));
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Assignment, Malformed> {
        let mut reader = Reader::new(&TABLE, row);
        let role = RoleId(reader.text()?);
        let holder = reader.read(|value| Holder::parse(value.as_text()?))?;
        Ok(Assignment { role, holder, created_at: reader.int()? })
    }
}

/// Gives a role to a person or a group; `is_held` says that they hold it already, and nothing changes.
pub fn assign(role: &Role, holder: &Holder, is_held: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if is_held {
        return Outcome::grant((), commit);
    }
    let assignment = Assignment { role: role.id.clone(), holder: holder.clone(), created_at: moment.now.seconds() };
    let event = Event::RoleAssigned { actor: actor.clone(), role: role.id.clone(), subject: Arc::from(holder.to_string()) };
    Outcome::grant((), commit.put(&TABLE, assignment.row()).tell(event))
}

/// Takes a role from a person or a group; `is_held` says whether they hold it.
pub fn unassign(role: &Role, holder: &Holder, is_held: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if !is_held {
        return Outcome::grant((), commit);
    }
    let event = Event::RoleUnassigned { actor: actor.clone(), role: role.id.clone(), subject: Arc::from(holder.to_string()) };
    Outcome::grant((), commit.delete(&TABLE, key(&role.id, holder)).tell(event))
}
