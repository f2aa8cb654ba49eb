//! Passwords: each kept as the text of a slow hash, sealed, so that another root key seals it anew and no thief of the database tries one.

pub mod acceptable;
pub mod change;
pub mod cost;
pub mod hash;
pub mod kept_cost;
pub mod parse;
pub mod renew;
pub mod set;

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::id::PersonId;
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::refusal::Refusal;
use crate::root_key::{RootKeyError, RootKeys};

/// The password of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// Whose.
    pub person: PersonId,
    /// Its hash, a PHC string, sealed for this person.
    pub sealed: Arc<[u8]>,
    /// The epoch of the root key that it is sealed under.
    pub epoch: u16,
    /// When it was set, in seconds.
    pub set_at: i64,
}

/// Where passwords are kept.
pub static TABLE: Table = Table {
    name: "password",
    columns: &[Column::text("person"), Column::bytes("sealed"), Column::int("epoch"), Column::int("set_at")],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl Password {
    /// That of a person, from its hash.
    ///
    /// # Errors
    /// When the root key cannot seal it.
    pub fn seal(person: &PersonId, hash: &str, root_keys: &RootKeys, moment: &mut Moment) -> Result<Password, Refusal> {
        let refused = || Refusal::invalid("the root key cannot seal a password");
        let (epoch, Some(keys)) = root_keys.current() else { return Err(refused()) };
        let sealed = keys.seal(hash.as_bytes(), context(person).as_bytes(), moment).map_err(|_| refused())?;
        Ok(Password { person: person.clone(), sealed: Arc::from(sealed), epoch, set_at: moment.now.seconds() })
    }

    /// Its hash.
    ///
    /// # Errors
    /// When the root key lacks the epoch, or it was sealed for somebody else.
    pub fn open(&self, root_keys: &RootKeys) -> Result<Zeroizing<String>, RootKeyError> {
        let keys = root_keys.epoch(self.epoch).ok_or(RootKeyError::Unsealable)?;
        let opened = keys.open(&self.sealed, context(&self.person).as_bytes())?;
        let text = std::str::from_utf8(&opened).map_err(|_| RootKeyError::Unsealable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// What is left of it where nobody can say which of two counts: nothing to sign in with.
    #[must_use]
    pub fn stopped(self) -> Password {
        Password { sealed: Arc::from([]), ..self }
    }

    /// Whether nothing is left of it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.sealed.is_empty()
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Text(self.person.0.clone()), Value::bytes(&self.sealed), Value::Int(i64::from(self.epoch)), Value::Int(self.set_at)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Password, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Password {
            person: PersonId(row.text()?),
            sealed: Arc::from(row.bytes()?),
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
            set_at: row.int()?,
        })
    }
}

fn context(person: &PersonId) -> String {
    format!("password {person}")
}
