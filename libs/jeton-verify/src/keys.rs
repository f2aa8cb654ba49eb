//! The issuer's keys, parsed once.

use jeton_jose::KeyError;
use jeton_jose::jwk::{JwkSet, VerifyingKey, VerifyingKeys};

/// A key set as tokens are checked against it.
#[derive(Debug)]
pub struct Keys {
    published: JwkSet,
    verifying: VerifyingKeys,
    generation: u64,
}

impl Keys {
    /// The usable keys of a published set (RFC 7517 section 5) that `is_revoked` does not name. Sets of one verifier differ in `generation`.
    ///
    /// # Errors
    /// [`KeyError`]: the set is ambiguous, or no key of it can be used.
    pub fn new(published: JwkSet, generation: u64, is_revoked: impl Fn(&str) -> bool) -> Result<Self, KeyError> {
        let trusted = published.keys().iter().filter(|key| !key.key_id().is_some_and(&is_revoked)).cloned().collect();
        let published = JwkSet::new(trusted);
        let (verifying, _) = VerifyingKeys::from_jwk_set(&published, None)?;
        Ok(Self { published, verifying, generation })
    }

    /// The set without the keys that `is_revoked` names; `None` when it names none.
    #[must_use]
    pub fn without(&self, generation: u64, is_revoked: impl Fn(&str) -> bool) -> Option<Self> {
        let names_one = self.key_ids().any(&is_revoked);
        names_one.then(|| Self::new(self.published.clone(), generation, is_revoked).unwrap_or_else(|_| Self::empty(generation)))
    }

    /// The names of the keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.verifying.keys().iter().filter_map(VerifyingKey::key_id)
    }

    /// The keys themselves.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
    }

    /// Whether it holds the same keys as another.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.published == other.published
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    fn empty(generation: u64) -> Self {
        Self { published: JwkSet::default(), verifying: VerifyingKeys::default(), generation }
    }
}
