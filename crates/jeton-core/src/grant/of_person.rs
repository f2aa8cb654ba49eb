//! The grants of each person, by client: a list beside the grants, since those have no index.

use crate::grant::Grant;
use crate::id::{ClientId, GrantId, PersonId, SessionId};
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantOfPerson {
    /// Whose.
    pub person: PersonId,
    /// To whom.
    pub client: ClientId,
    /// Which.
    pub grant: GrantId,
    /// The session that it ends with.
    pub session: Option<SessionId>,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
}

/// Where the list is kept.
pub static TABLE: Table = Table {
    name: "grant_of_person",
    columns: &[
        Column::text("person"),
        Column::text("client"),
        Column::bytes("grant"),
        Column::bytes("session").or_null(),
        Column::int("expires_at"),
    ],
    key: 3,
    indexes: &[],
    class: Class::Authority,
};

impl GrantOfPerson {
    /// The line of a grant.
    #[must_use]
    pub fn of(grant: &Grant) -> GrantOfPerson {
        GrantOfPerson {
            person: grant.person.clone(),
            client: grant.client.clone(),
            grant: grant.id,
            session: grant.session,
            expires_at: grant.expires_at,
        }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        vec![Value::Text(self.person.0.clone()), Value::Text(self.client.0.clone()), Value::Id(self.grant.0)]
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let mut row = self.key();
        row.push(self.session.map_or(Value::Null, |session| Value::Id(session.0)));
        row.push(Value::Int(self.expires_at));
        row
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<GrantOfPerson, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let session = |value: &Value| match value {
            Value::Null => Some(None),
            value => Some(Some(SessionId(value.as_bytes()?.try_into().ok()?))),
        };
        Ok(GrantOfPerson {
            person: PersonId(row.text()?),
            client: ClientId(row.text()?),
            grant: row.read(|value| Some(GrantId(value.as_bytes()?.try_into().ok()?)))?,
            session: row.read(session)?,
            expires_at: row.int()?,
        })
    }
}

/// What the keys of a person's grants begin with; of those to one client alone, with that too.
#[must_use]
pub fn prefix(person: &PersonId, client: Option<&ClientId>) -> Key {
    let client = client.map(|client| Value::Text(client.0.clone()));
    [Value::Text(person.0.clone())].into_iter().chain(client).collect()
}
