//! Erasures that were begun: whoever starts on what a process left behind goes on with them.

use crate::commit::Commit;
use crate::id::{Actor, PersonId};
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// An erasure that was begun and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// Who is erased.
    pub person: PersonId,
    /// Who asked for it.
    pub actor: Actor,
    /// When they asked, in seconds.
    pub begun_at: i64,
}

/// Where they are kept. A row comes with the first commit of an erasure, and goes with its last.
pub static TABLE: Table = Table {
    name: "erasure",
    columns: &[Column::text("person_id"), Column::text("actor"), Column::int("begun_at")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl Erasing {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Text(self.person.0.clone()), Value::text(self.actor.as_str()), Value::Int(self.begun_at)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Erasing, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Erasing { person: PersonId(row.text()?), actor: Actor::from(&*row.text()?), begun_at: row.int()? })
    }
}

/// Notes in the commit that begins an erasure that there is one.
#[must_use]
pub fn note(commit: Commit, person: &PersonId, actor: &Actor, moment: &Moment) -> Commit {
    let erasing = Erasing { person: person.clone(), actor: actor.clone(), begun_at: moment.now.seconds() };
    commit.put(&TABLE, erasing.row())
}

/// Nothing of it is left to do: bookkeeping, since the ledger tells that they were erased.
#[must_use]
pub fn done(person: &PersonId, moment: &mut Moment) -> Commit {
    Commit::new(moment).delete(&TABLE, vec![Value::Text(person.0.clone())])
}
