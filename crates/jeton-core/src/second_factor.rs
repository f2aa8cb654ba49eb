//! Second factors: what somebody proves beside their password. An application on a telephone that knows a secret and tells codes of it
//! (RFC 6238), and a sheet of codes for the day on which it is lost. Both lie in one row, which whoever uses one of them writes anew: of two
//! who come with the same code one finds it changed.

pub mod enrol;
pub mod prove;
pub mod recovery;
pub mod remove;
pub mod totp;

use std::sync::Arc;

use jeton_token::SecretHash;
use zeroize::Zeroizing;

use crate::id::PersonId;
use crate::moment::Moment;
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};
use crate::refusal::Refusal;
use crate::root_key::{RootKeyError, RootKeys};
use recovery::Recovery;

/// The second factor of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub person: PersonId,
    /// The secret that codes are made of, sealed for this person: it must come back as it was.
    pub sealed: Arc<[u8]>,
    /// The epoch of the root key that it is sealed under.
    pub epoch: u16,
    /// When it was set, in seconds.
    pub set_at: i64,
    /// The step of the latest code that was used: no code of it or of an earlier one counts any more.
    pub last_step: i64,
    /// The codes for the day on which the telephone is lost, as far as they were not used.
    pub recovery: Recovery,
}

/// Where second factors are kept.
pub static TABLE: Table = Table {
    name: "second_factor",
    columns: &[
        Column::text("person"),
        Column::bytes("sealed"),
        Column::int("epoch"),
        Column::int("set_at"),
        Column::int("last_step"),
        Column::bytes("recovery"),
        Column::int("recovery_epoch"),
        Column::int("recovery_at"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Authority,
};

impl SecondFactor {
    /// That of a person, from its secret: the code of `last_step` was just used.
    ///
    /// # Errors
    /// When the root key cannot seal it.
    pub fn seal(
        person: &PersonId,
        secret: &[u8; totp::SECRET_BYTES],
        last_step: i64,
        recovery: Recovery,
        root_keys: &RootKeys,
        moment: &mut Moment,
    ) -> Result<SecondFactor, Refusal> {
        let refused = || Refusal::invalid("the root key cannot seal a second factor");
        let (epoch, Some(keys)) = root_keys.current() else { return Err(refused()) };
        let sealed = keys.seal(secret, context(person).as_bytes(), moment).map_err(|_| refused())?;
        Ok(SecondFactor { person: person.clone(), sealed: Arc::from(sealed), epoch, set_at: moment.now.seconds(), last_step, recovery })
    }

    /// Its secret.
    ///
    /// # Errors
    /// When the root key lacks the epoch, or it was sealed for somebody else.
    pub fn open(&self, root_keys: &RootKeys) -> Result<Zeroizing<[u8; totp::SECRET_BYTES]>, RootKeyError> {
        let keys = root_keys.epoch(self.epoch).ok_or(RootKeyError::Lacks(self.epoch))?;
        let opened = keys.open(&self.sealed, context(&self.person).as_bytes())?;
        let secret: &[u8; totp::SECRET_BYTES] = opened.as_slice().try_into().map_err(|_| RootKeyError::Unsealable)?;
        Ok(Zeroizing::new(*secret))
    }

    /// What is left of it where nobody can say which of two counts: it is asked for, and nothing proves it until an administrator resets it.
    #[must_use]
    pub fn stopped(self) -> SecondFactor {
        SecondFactor { sealed: Arc::from([]), recovery: self.recovery.none_left(), ..self }
    }

    /// Whether nothing proves it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.sealed.is_empty()
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let hashes: Vec<u8> = self.recovery.left.iter().flat_map(|hash| *hash.as_bytes()).collect();
        vec![
            Value::Text(self.person.0.clone()),
            Value::bytes(&self.sealed),
            Value::Int(i64::from(self.epoch)),
            Value::Int(self.set_at),
            Value::Int(self.last_step),
            Value::bytes(&hashes),
            Value::Int(i64::from(self.recovery.epoch)),
            Value::Int(self.recovery.made_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<SecondFactor, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(SecondFactor {
            person: PersonId(row.text()?),
            sealed: Arc::from(row.bytes()?),
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
            set_at: row.int()?,
            last_step: row.int()?,
            recovery: Recovery {
                left: row.read(|value| hashes(value.as_bytes()?))?,
                epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
                made_at: row.int()?,
            },
        })
    }
}

fn hashes(bytes: &[u8]) -> Option<Vec<SecretHash>> {
    let (hashes, rest) = bytes.as_chunks::<{ SecretHash::LEN }>();
    rest.is_empty().then(|| hashes.iter().map(|hash| SecretHash::from_bytes(*hash)).collect())
}

fn context(person: &PersonId) -> String {
    format!("second factor {person}")
}
