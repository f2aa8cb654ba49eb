//! Signing keys in memory, opened and parsed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jeton_core::id::KeyId;
use jeton_core::key::{Purpose, Ring, SigningKeyRecord, State};
use jeton_core::record::Versioned;
use jeton_core::root_key::{RootKeyError, RootKeys};
use jeton_jose::Algorithm;
use jeton_jose::jwk::{Jwk, JwkSet, SigningKey, VerifyingKey, VerifyingKeys};
use jeton_jose::jws::Signer;

/// All signing keys, and what follows from them.
#[derive(Default)]
pub struct KeyRing {
    records: BTreeMap<KeyId, Versioned<SigningKeyRecord>>,
    opened: BTreeMap<KeyId, Arc<SigningKey>>,
    signers: Vec<(Algorithm, Arc<Signer>)>,
    /// Checks tokens.
    pub verifying: Option<VerifyingKeys>,
    /// The published set (RFC 7517 section 5), as JSON.
    pub published: Arc<str>,
    /// The published set's entity tag.
    pub entity_tag: Arc<str>,
}

impl KeyRing {
    /// What signs access tokens with this algorithm.
    #[must_use]
    pub fn signer(&self, algorithm: Algorithm) -> Option<&Arc<Signer>> {
        self.signers.iter().find_map(|(of, signer)| (*of == algorithm).then_some(signer))
    }

    /// What signs the ledger's checkpoints.
    #[must_use]
    pub fn ledger_key(&self) -> Option<&Arc<SigningKey>> {
        let current = self.records().find(|key| key.record.purpose == Purpose::Ledger && key.record.state == State::Current)?;
        self.opened.get(&current.record.id)
    }

    /// What signs snapshots of the feed: the first current key of tokens.
    #[must_use]
    pub fn any_signing_key(&self) -> Option<&Arc<SigningKey>> {
        self.signers.first().map(|(_, signer)| signer.key())
    }

    /// Every key, by id.
    pub fn records(&self) -> impl Iterator<Item = &Versioned<SigningKeyRecord>> {
        self.records.values()
    }

    /// One key.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<&Versioned<SigningKeyRecord>> {
        self.records.get(&KeyId::from(id))
    }

    /// The opened private half of a key.
    #[must_use]
    pub fn opened(&self, id: &KeyId) -> Option<&Arc<SigningKey>> {
        self.opened.get(id)
    }

    /// Whether what this key signed is trusted: it is published.
    #[must_use]
    pub fn trusts(&self, key_id: &str) -> bool {
        self.verifying.as_ref().is_some_and(|keys| keys.get(key_id).is_some())
    }

    /// The algorithms that tokens are signed with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.signers.iter().map(|(algorithm, _)| *algorithm)
    }

    /// The ring of an algorithm's token keys.
    #[must_use]
    pub fn ring(&self, algorithm: Algorithm) -> Ring {
        let find = |state| {
            let is_it = |key: &&Versioned<SigningKeyRecord>| {
                key.record.purpose == Purpose::Token && key.record.algorithm == algorithm && key.record.state == state
            };
            self.records().find(is_it).map(|key| key.record.clone())
        };
        Ring { current: find(State::Current), next: find(State::Next) }
    }

    pub(super) fn with(&self, record: Versioned<SigningKeyRecord>, root_keys: &RootKeys) -> Result<KeyRing, RootKeyError> {
        let mut records = self.records.clone();
        records.insert(record.record.id.clone(), record);
        KeyRing::of(records, &self.opened, root_keys)
    }

    pub(super) fn without(&self, id: &str, root_keys: &RootKeys) -> Result<KeyRing, RootKeyError> {
        let mut records = self.records.clone();
        records.remove(&KeyId::from(id));
        KeyRing::of(records, &self.opened, root_keys)
    }

    fn of(
        records: BTreeMap<KeyId, Versioned<SigningKeyRecord>>,
        known: &BTreeMap<KeyId, Arc<SigningKey>>,
        root_keys: &RootKeys,
    ) -> Result<KeyRing, RootKeyError> {
        let mut ring = KeyRing { records, ..KeyRing::default() };
        let (mut published, mut verifying) = (vec![], vec![]);
        for Versioned { record, .. } in ring.records.values() {
            if record.sealed.is_some() {
                let key = known.get(&record.id).cloned().map_or_else(|| open(record, root_keys), Ok)?;
                ring.opened.insert(record.id.clone(), key);
            }
            if record.purpose == Purpose::Token && record.state != State::Revoked {
                let jwk = Jwk::parse(record.public.as_bytes()).map_err(|_| RootKeyError::Unsealable)?;
                verifying.push(VerifyingKey::from_jwk(&jwk, Some(record.algorithm)).map_err(|_| RootKeyError::Unsealable)?);
                published.push(jwk);
            }
            if record.purpose == Purpose::Token
                && record.state == State::Current
                && let Some(key) = ring.opened.get(&record.id)
            {
                ring.signers.push((record.algorithm, Arc::new(Signer::new(key.clone(), "at+jwt"))));
            }
        }
        ring.verifying = VerifyingKeys::new(verifying).ok();
        ring.published = serde_json::to_string(&JwkSet::new(published)).unwrap_or_default().into();
        ring.entity_tag = entity_tag(&ring.published);
        Ok(ring)
    }
}

/// Opens the private half of a key.
pub(crate) fn open(record: &SigningKeyRecord, root_keys: &RootKeys) -> Result<Arc<SigningKey>, RootKeyError> {
    let sealed = record.sealed.as_deref().ok_or(RootKeyError::Unsealable)?;
    let keys = root_keys.epoch(record.epoch).ok_or(RootKeyError::Lacks(record.epoch))?;
    let private = keys.open(sealed, &SigningKeyRecord::seal_context(&record.id))?;
    SigningKey::from_private_bytes(record.algorithm, &private).map(Arc::new).map_err(|_| RootKeyError::Unsealable)
}

fn entity_tag(text: &str) -> Arc<str> {
    let hash = digest(&SHA256, text.as_bytes());
    let digits: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Arc::from(format!("\"{digits}\""))
}
