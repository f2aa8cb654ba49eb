//! The secret of a key: what is kept of it, and how its text comes to be.

use jeton_token::{Environment, Kind, Label, Prefix, SecretBytes, SecretHash, TokenId};

use crate::id::ApiKeyId;
use crate::record::{Malformed, Reader, Value};
use crate::refusal::Refusal;
use crate::root_key::{EpochKeys, RootKeys};
use crate::token::issue::Clear;

/// What is kept of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// The keyed hash of its text.
    pub hash: SecretHash,
    /// The epoch of the root key that the hash is under.
    pub epoch: u16,
    /// From when it is, in seconds: cut-offs go by it.
    pub created_at: i64,
    /// When it ends, as it was made or ended since, in seconds; a policy may let it end earlier.
    pub expires_at: i64,
}

/// Which of a key's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The one that it has.
    Current,
    /// The one before, during its overlap.
    Previous,
}

/// How the text of a secret begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) prefix: &'a Prefix,
    pub(super) environment: Environment,
    pub(super) kind: Kind,
    pub(super) id: ApiKeyId,
}

impl Shape<'_> {
    /// The text of these bytes under an epoch.
    pub(super) fn mint(&self, bytes: &SecretBytes, epoch: u16, keys: &EpochKeys) -> Clear {
        let id = TokenId::from_bytes(self.id.0);
        let label = Label { prefix: *self.prefix, environment: self.environment, kind: self.kind, epoch, id };
        Clear(label.mint(bytes, &keys.check))
    }
}

/// What new secrets are kept under.
pub(super) fn newest(root_keys: &RootKeys) -> Result<(u16, &EpochKeys), Refusal> {
    let (epoch, keys) = root_keys.current();
    keys.map(|keys| (epoch, keys)).ok_or_else(|| Refusal::invalid("the root key holds no epoch"))
}

impl KeptSecret {
    /// The same, ended at a time, if it does not end before.
    #[must_use]
    pub fn ended(self, at: i64) -> KeptSecret {
        KeptSecret { expires_at: self.expires_at.min(at), ..self }
    }

    /// As the columns `hash`, `epoch`, `at`, `expires_at` of a slot.
    pub(super) fn values(secret: Option<&KeptSecret>) -> [Value; 4] {
        match secret {
            Some(secret) => [
                Value::Hash(*secret.hash.as_bytes()),
                Value::Int(i64::from(secret.epoch)),
                Value::Int(secret.created_at),
                Value::Int(secret.expires_at),
            ],
            None => [Value::Null, Value::Null, Value::Null, Value::Null],
        }
    }

    /// From those columns; `None` where all are null.
    pub(super) fn read(row: &mut Reader<'_>) -> Result<Option<KeptSecret>, Malformed> {
        let hash: Option<[u8; 32]> = row.read(|value| match value {
            Value::Null => Some(None),
            value => Some(Some(value.as_bytes()?.try_into().ok()?)),
        })?;
        let Some(hash) = hash else {
            for _ in 0..3 {
                row.read(|value| (*value == Value::Null).then_some(()))?;
            }
            return Ok(None);
        };
        Ok(Some(KeptSecret {
            hash: SecretHash::from_bytes(hash),
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
            created_at: row.int()?,
            expires_at: row.int()?,
        }))
    }
}

/// What a secret of a key is derived for: the key, and how often it was rotated.
pub(super) fn secret_context(id: ApiKeyId, generation: i64) -> String {
    format!("api_key {id} {generation}")
}
