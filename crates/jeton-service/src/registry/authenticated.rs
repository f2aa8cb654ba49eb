//! When each person last proved who they are.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::id::PersonId;
use jeton_core::record::{Key, Malformed, Row, Value, Versioned};
use jeton_core::session::latest::Latest;
use papaya::HashMap;

/// The latest proof of everybody who ever signed in.
#[derive(Default)]
pub struct Authenticated(HashMap<Arc<str>, Versioned<Latest>>);

impl Authenticated {
    /// That of a person.
    #[must_use]
    pub fn latest(&self, person: &PersonId) -> Option<Versioned<Latest>> {
        self.0.pin().get(&person.0).cloned()
    }

    /// When that was, in seconds.
    #[must_use]
    pub fn at(&self, person: &PersonId) -> Option<i64> {
        self.0.pin().get(&person.0).map(|latest| latest.record.at)
    }

    pub(super) fn put(&self, version: Sequence, row: &Row) -> Result<(), Malformed> {
        let record = Latest::from_row(row)?;
        self.0.pin().insert(record.person.0.clone(), Versioned { version, record });
        Ok(())
    }

    pub(super) fn remove(&self, key: &Key) {
        if let Some(person) = key.first().and_then(Value::as_text) {
            self.0.pin().remove(person);
        }
    }
}
