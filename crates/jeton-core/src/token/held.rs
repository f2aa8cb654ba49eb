//! Whose authority an access token carries, where that is not its client's own.

use crate::id::{GrantId, PersonId, SessionId};
use crate::record::{Malformed, Reader, Value};

/// A grant, the person who gave it, and the session that it ends with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The grant: `gid`.
    pub grant: GrantId,
    /// The person: `sub`.
    pub person: PersonId,
    /// The session: `sid`; `None`: it outlives every session.
    pub session: Option<SessionId>,
}

impl Held {
    /// As the columns `grant`, `person`, `session`.
    pub(super) fn values(held: Option<&Held>) -> [Value; 3] {
        let Some(held) = held else { return [const { Value::Null }; 3] };
        let session = held.session.map_or(Value::Null, |session| Value::Id(session.0));
        [Value::Id(held.grant.0), Value::Text(held.person.0.clone()), session]
    }

    /// From those columns.
    pub(super) fn read(row: &mut Reader<'_>) -> Result<Option<Held>, Malformed> {
        let id = |value: &Value| match value {
            Value::Null => Some(None),
            value => Some(Some(<[u8; 16]>::try_from(value.as_bytes()?).ok()?)),
        };
        let (grant, person, session) = (row.read(id)?, row.text_or_null()?, row.read(id)?);
        Ok(grant.zip(person).map(|(grant, person)| Held {
            grant: GrantId(grant),
            person: PersonId(person),
            session: session.map(SessionId),
        }))
    }
}
