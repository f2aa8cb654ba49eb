//! People: who may own keys and hold roles. How somebody signs in is none of this.

pub mod alone;
mod attributes;
pub mod blank;
pub mod create;
pub mod delete;
pub mod disable;
pub mod enable;
pub mod erase;
pub mod erasing;
pub mod export;
pub mod forgotten;
pub mod import;
pub mod mentions;
pub mod reasons;
pub mod unlock;
pub mod update;
pub mod wordless;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{Actor, PersonId};
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The `sub` of what is issued to this person: random, never reused.
    pub id: PersonId,
    /// What they are called on the command line: unique, lowercase.
    pub username: Arc<str>,
    /// Their name, as they write it.
    pub name: Option<Arc<str>>,
    /// Where they are written to.
    pub email: Option<Arc<str>>,
    /// Whether anything of theirs is accepted.
    pub state: State,
    /// When they came, in seconds.
    pub created_at: i64,
    /// When this last changed, in seconds.
    pub updated_at: i64,
    /// When it was shown that letters to their address reach them, in seconds; of another address it is not known.
    pub email_verified_at: Option<i64>,
    /// The language that they read, as a tag (RFC 5646).
    pub locale: Option<Arc<str>>,
    /// What an organisation knows of them, by name.
    pub attributes: BTreeMap<String, String>,
}

/// Whether anything of a person is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Active,
    /// Nothing is, and nothing is issued, until they are enabled; what was cut off then stays dead.
    Disabled {
        /// Since when, in seconds.
        at: i64,
        /// Who did it.
        by: Actor,
    },
}

impl State {
    /// Its name in rows and answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            State::Active => "active",
            State::Disabled { .. } => "disabled",
        }
    }
}

/// Where people are kept.
pub static TABLE: Table = Table {
    name: "person",
    columns: &[
        Column::text("id"),
        Column::text("username"),
        Column::text("name").or_null(),
        Column::text("email").or_null(),
        Column::text("state"),
        Column::int("disabled_at").or_null(),
        Column::text("disabled_by").or_null(),
        Column::int("created_at"),
        Column::int("updated_at"),
        Column::int("email_verified_at").or_null(),
        Column::text("locale").or_null(),
        Column::text("attributes").or_null(),
    ],
    key: 1,
    indexes: &[Index { name: "person_by_username", columns: &[1], unique: true }],
    class: Class::Authority,
};

impl Person {
    /// Whether what they hold counts.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == State::Active
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (disabled_at, disabled_by) = match &self.state {
            State::Active => (Value::Null, Value::Null),
            State::Disabled { at, by } => (Value::Int(*at), Value::Text(by.0.clone())),
        };
        let attributes = Some(&self.attributes).filter(|attributes| !attributes.is_empty());
        vec![
            Value::Text(self.id.0.clone()),
            Value::Text(self.username.clone()),
            self.name.clone().map_or(Value::Null, Value::Text),
            self.email.clone().map_or(Value::Null, Value::Text),
            Value::text(self.state.name()),
            disabled_at,
            disabled_by,
            Value::Int(self.created_at),
            Value::Int(self.updated_at),
            self.email_verified_at.map_or(Value::Null, Value::Int),
            self.locale.clone().map_or(Value::Null, Value::Text),
            attributes.map_or(Value::Null, |attributes| Value::text(&serde_json::to_string(attributes).unwrap_or_default())),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Person, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let (id, username) = (PersonId(row.text()?), row.text()?);
        let (name, email) = (row.text_or_null()?, row.text_or_null()?);
        let (state, at, by) = (row.text()?, row.int_or_null()?, row.text_or_null()?);
        let state = match (&*state, at, by) {
            ("active", None, None) => State::Active,
            ("disabled", Some(at), Some(by)) => State::Disabled { at, by: Actor(by) },
            _ => return Err(Malformed { table: TABLE.name, column: "state" }),
        };
        Ok(Person {
            id,
            username,
            name,
            email,
            state,
            created_at: row.int()?,
            updated_at: row.int()?,
            email_verified_at: row.int_or_null()?,
            locale: row.text_or_null()?,
            attributes: row.read(|value| match value {
                Value::Null => Some(BTreeMap::new()),
                value => serde_json::from_str(value.as_text()?).ok(),
            })?,
        })
    }
}
