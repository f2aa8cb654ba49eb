//! A key in memory, with what follows for it from everything else.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use jeton_core::api::Api;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::secret::Slot;
use jeton_core::moment::Time;
use jeton_core::record::Versioned;
use jeton_core::rights::OwnerStanding;
use jeton_core::usage::bucket::Resolution;
use jeton_oauth::scope::ScopeSet;

use crate::text_digest::TextDigest;

/// A key as it was read, and what its owner may do.
pub struct KeyEntry {
    /// The key.
    pub key: Versioned<ApiKey>,
    judged: ArcSwapOption<Judged>,
    /// The minute of its last use, in seconds, or one of the two below.
    last_used: AtomicI64,
    /// The texts that were proven to be its secrets: the present one and the one before.
    proven: [OnceLock<TextDigest>; 2],
}

/// Nobody has looked when it was last used.
const NOT_KNOWN: i64 = i64::MIN;
/// Somebody has, and it never was.
const NEVER: i64 = i64::MIN + 1;

/// What an owner may do with a key. It holds for one state of APIs, clients and their rights.
pub struct Judged {
    generation: u64,
    /// What the key is for; `None`: it is gone.
    pub api: Option<Arc<Versioned<Api>>>,
    /// How its owner stands.
    pub owner: OwnerStanding,
    /// The scopes that its owner may have at that API.
    pub may_have: ScopeSet,
    /// What the key allows now: its own scopes, as far as its owner may have them.
    pub scopes: ScopeSet,
    /// That it is accepted, as was answered before: by the present secret and the one before.
    acceptances: [Acceptance; 2],
}

/// How a surface writes that a key is accepted, which says the same of a key without limits as long as nothing changes.
#[derive(Default)]
struct Acceptance {
    was_asked: AtomicBool,
    /// With when the secret ends, in seconds.
    written: OnceLock<(i64, Bytes)>,
}

impl Judged {
    /// What was judged of a key at a state of rights.
    pub(crate) fn new(
        key: &ApiKey,
        generation: u64,
        api: Option<Arc<Versioned<Api>>>,
        (owner, may_have): (OwnerStanding, ScopeSet),
    ) -> Judged {
        let scopes = key.scopes.intersection(&may_have);
        Judged { generation, api, owner, may_have, scopes, acceptances: Default::default() }
    }

    /// That a secret which ends then, in seconds, is accepted: as it was written before, or as it is now. It is kept from the second time on,
    /// since of a crowd of keys most are met once.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn acceptance<E>(&self, slot: Slot, expires_at: i64, write: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<Bytes, E> {
        let [current, previous] = &self.acceptances;
        let Acceptance { was_asked, written } = match slot {
            Slot::Current => current,
            Slot::Previous => previous,
        };
        if let Some((_, kept)) = written.get().filter(|(until, _)| *until == expires_at) {
            return Ok(kept.clone());
        }
        let now = write()?;
        if was_asked.swap(true, Ordering::Relaxed) {
            // Whoever came first wrote the same.
            let _ = written.set((expires_at, Bytes::copy_from_slice(&now)));
        }
        Ok(Bytes::from(now))
    }
}

impl KeyEntry {
    pub(crate) fn new(key: Versioned<ApiKey>) -> KeyEntry {
        KeyEntry { key, judged: ArcSwapOption::empty(), last_used: AtomicI64::new(NOT_KNOWN), proven: Default::default() }
    }

    /// A text was proven to be this secret of it. The key as it is in memory never changes, so that this never does either.
    pub(crate) fn note_proven(&self, slot: Slot, text: TextDigest) {
        let [current, previous] = &self.proven;
        // Whoever came first noted the same.
        let _ = match slot {
            Slot::Current => current.set(text),
            Slot::Previous => previous.set(text),
        };
    }

    /// Which of its secrets a text is, where that was proven before.
    pub(crate) fn proven(&self, text: &TextDigest) -> Option<Slot> {
        let slots = [Slot::Current, Slot::Previous].into_iter().zip(&self.proven);
        slots.into_iter().find(|(_, known)| known.get().is_some_and(|known| known.matches(text))).map(|(slot, _)| slot)
    }

    /// When it was last used, to the minute; `None`: nobody has looked.
    pub(crate) fn last_used(&self) -> Option<Option<i64>> {
        match self.last_used.load(Ordering::Relaxed) {
            NOT_KNOWN => None,
            NEVER => Some(None),
            at => Some(Some(at)),
        }
    }

    /// Learns when it was last used, as far as is known; a use that came meanwhile counts more.
    pub(crate) fn learn_last_use(&self, at: Option<i64>) {
        self.last_used.fetch_max(at.unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// It is used.
    pub(crate) fn note_use(&self, at: Time) {
        let minute = Resolution::Minute.start_of(at.seconds());
        if self.last_used.load(Ordering::Relaxed) < minute {
            self.last_used.fetch_max(minute, Ordering::Relaxed);
        }
    }

    /// What its owner may do, judged anew where rights have changed since.
    pub(crate) fn judged(&self, generation: u64, judge: impl FnOnce(&ApiKey) -> Judged) -> Arc<Judged> {
        if let Some(judged) = self.judged.load_full().filter(|judged| judged.generation == generation) {
            return judged;
        }
        let judged = Arc::new(judge(&self.key.record));
        self.judged.store(Some(judged.clone()));
        judged
    }
}
