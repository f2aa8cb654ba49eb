//! Roles: named sets of an API's scopes that people and groups hold. They say how far what a person owns may reach, now.

pub mod assign;
pub mod create;
pub mod delete;
pub mod holder;
pub mod update;

use std::sync::Arc;

use jeton_oauth::scope::ScopeSet;

use crate::api::parse_scope_list;
use crate::id::{ApiId, RoleId};
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id: random, never reused.
    pub id: RoleId,
    /// The API whose scopes it names.
    pub api: ApiId,
    /// What people call it: unique among the roles of its API.
    pub name: Arc<str>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// What it gives, as far as the API has these scopes still.
    pub scopes: ScopeSet,
    /// When it was made, in seconds.
    pub created_at: i64,
    /// When it last changed, in seconds.
    pub updated_at: i64,
}

/// Where roles are kept.
pub static TABLE: Table = Table {
    name: "role",
    columns: &[
        Column::text("id"),
        Column::text("api"),
        Column::text("name"),
        Column::text("description").or_null(),
        Column::text("scopes"),
        Column::int("created_at"),
        Column::int("updated_at"),
    ],
    key: 1,
    indexes: &[Index { name: "role_by_name", columns: &[1, 2], unique: true }],
    class: Class::Authority,
};

impl Role {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.api.0.clone()),
            Value::Text(self.name.clone()),
            self.description.clone().map_or(Value::Null, Value::Text),
            Value::text(self.scopes.as_str()),
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Role, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Role {
            id: RoleId(row.text()?),
            api: ApiId(row.text()?),
            name: row.text()?,
            description: row.text_or_null()?,
            scopes: row.read(|value| parse_scope_list(value.as_text()?).ok())?,
            created_at: row.int()?,
            updated_at: row.int()?,
        })
    }
}
