use crate::algorithm::Algorithm;
use crate::error::{KeyError, TokenError};
use crate::jwk::set::{IgnoredKey, JwkSet, MAX_KEYS};
use crate::jwk::verifying::VerifyingKey;

/// How many keys a token without `kid` may be tried against: each try costs a signature check that a stranger can ask for.
const MAX_TRIES: usize = 4;

/// The keys a token may be signed with, and the rule that chooses among them.
#[derive(Debug, Default)]
pub struct VerifyingKeys {
    keys: Vec<VerifyingKey>,
}

impl VerifyingKeys {
    /// A set of these keys.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKeyId`] when a `kid` could mean two keys, [`KeyError::MixedSet`] when shared secrets and public keys stand side by side, [`KeyError::TooManyKeys`] over [`MAX_KEYS`].
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, KeyError> {
        if keys.len() > MAX_KEYS {
            return Err(KeyError::TooManyKeys);
        }
        let symmetric = keys.iter().filter(|key| key.algorithm().is_symmetric()).count();
        if symmetric != 0 && symmetric != keys.len() {
            return Err(KeyError::MixedSet);
        }
        let mut names: Vec<&str> = keys.iter().filter_map(VerifyingKey::key_id).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(KeyError::DuplicateKeyId);
        }
        Ok(Self { keys })
    }

    /// The keys of a published set that can check signatures; `algorithm` is for those that do not name theirs. Unusable keys are left out and returned with the reason.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_jwk_set(set: &JwkSet, algorithm: Option<Algorithm>) -> Result<(Self, Vec<IgnoredKey>), KeyError> {
        let mut keys = Vec::new();
        let mut ignored = set.ignored().to_vec();
        for jwk in set.keys() {
            match VerifyingKey::from_jwk(jwk, algorithm) {
                Ok(key) => keys.push(key),
                Err(reason) => ignored.push(IgnoredKey { key_id: jwk.key_id().map(str::to_owned), reason }),
            }
        }
        Ok((Self::new(keys)?, ignored))
    }

    /// All keys, in the order given.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, key_id: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.key_id() == Some(key_id))
    }

    /// Checks a signature with the key the token names, or, where it names none, with each key of its algorithm, four at most; returns the key that fits.
    pub(crate) fn check(
        &self,
        key_id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<&VerifyingKey, TokenError> {
        let Some(key_id) = key_id else {
            return self.try_each(algorithm, message, signature);
        };
        let key = self.get(key_id).ok_or(TokenError::UnknownKey)?;
        if key.algorithm() != algorithm {
            return Err(TokenError::AlgorithmMismatch);
        }
        key.verify(message, signature)?;
        Ok(key)
    }

    fn try_each(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<&VerifyingKey, TokenError> {
        let fitting = || self.keys.iter().filter(|key| key.algorithm() == algorithm);
        match fitting().count() {
            0 if self.keys.is_empty() => Err(TokenError::UnknownKey),
            0 => Err(TokenError::AlgorithmMismatch),
            1..=MAX_TRIES => fitting().find(|key| key.verify(message, signature).is_ok()).ok_or(TokenError::BadSignature),
            _ => Err(TokenError::AmbiguousKey),
        }
    }
}
