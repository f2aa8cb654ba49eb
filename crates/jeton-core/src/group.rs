//! Groups of people: who is in one has its roles, and it may own keys that outlive whoever made them.

pub mod create;
pub mod delete;
pub mod member;
pub mod update;

use std::sync::Arc;

use crate::id::GroupId;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id: random, never reused.
    pub id: GroupId,
    /// What people call it: unique.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// When it last changed, in seconds.
    pub updated_at: i64,
}

/// Where groups are kept. SQL keeps the word `group` for itself.
pub static TABLE: Table = Table {
    name: "person_group",
    columns: &[
        Column::text("id"),
        Column::text("name"),
        Column::text("description").or_null(),
        Column::int("created_at"),
        Column::int("updated_at"),
    ],
    key: 1,
    indexes: &[Index { name: "person_group_by_name", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Group {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.name.clone()),
            self.description.clone().map_or(Value::Null, Value::Text),
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Group, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Group {
            id: GroupId(row.text()?),
            name: row.text()?,
            description: row.text_or_null()?,
            created_at: row.int()?,
            updated_at: row.int()?,
        })
    }
}
