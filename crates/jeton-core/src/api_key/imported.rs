//! Keys that were made elsewhere: their text has another form, and is found by its hash.

use jeton_token::SecretHash;

use crate::id::ApiKeyId;
use crate::record::{Class, Column, Index, Malformed, Reader, Row, Table, Value};

/// One foreign text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedKey {
    /// Its keyed hash.
    pub hash: SecretHash,
    /// The key that it is a secret of.
    pub key: ApiKeyId,
    /// The epoch of the root key that the hash is under.
    pub epoch: u16,
}

/// Where they are kept.
pub static TABLE: Table = Table {
    name: "imported_key",
    columns: &[Column::bytes("hash"), Column::bytes("key"), Column::int("epoch")],
    key: 1,
    indexes: &[Index { name: "imported_key_by_key", columns: &[1], unique: false }],
    class: Class::Authority,
};

impl ImportedKey {
    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Hash(*self.hash.as_bytes()), Value::Id(self.key.0), Value::Int(i64::from(self.epoch))]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<ImportedKey, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(ImportedKey {
            hash: SecretHash::from_bytes(row.read(|value| value.as_bytes()?.try_into().ok())?),
            key: ApiKeyId(row.read(|value| value.as_bytes()?.try_into().ok())?),
            epoch: row.read(|value| u16::try_from(value.int()?).ok())?,
        })
    }
}
