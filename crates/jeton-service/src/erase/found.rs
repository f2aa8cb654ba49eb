//! What is a person's, read beside the reactor: their keys, and the entries that tell of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jeton_core::api_key::imported::{self, ImportedKey};
use jeton_core::api_key::{self, ApiKey};
use jeton_core::commit::{Sequence, Told};
use jeton_core::id::{ApiKeyId, PersonId};
use jeton_core::owner::Owner;
use jeton_core::person::mentions::Mentions;
use jeton_core::record::{Key, Value, Versioned};
use jeton_store::store::{Fault, FaultKind, Store};

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;

/// The index of keys by their owner.
pub(super) const BY_OWNER: usize = 0;
/// The index of imported texts by their key.
const BY_KEY: usize = 0;
/// The most imported texts of one key that are looked for: it has one.
const FOREIGN_MAX: usize = 16;
/// How many keys are counted at most.
const KEYS_MAX: usize = 100_000;
/// How many entries are read at once.
const STEP: usize = 1_000;
/// How many entries are read before whoever waits is told.
const ENTRIES_IN_A_TURN: usize = 100_000;

/// A key of theirs, with what is kept beside it.
pub(super) struct OwnedKey {
    pub(super) key: Versioned<ApiKey>,
    pub(super) foreign: Vec<ImportedKey>,
}

/// The prefix of a person's keys among all.
pub(super) fn of_owner(id: &PersonId) -> Key {
    vec![Value::text(&Owner::Person(id.clone()).to_string())]
}

/// Their keys; with a limit, the first of them.
pub(super) async fn owned(store: &Arc<dyn Store>, id: &PersonId, limit: Option<usize>) -> Result<Vec<OwnedKey>, Failure> {
    let (store, prefix) = (store.clone(), of_owner(id));
    let read = move || {
        let view = store.view()?;
        let rows = view.range(&api_key::TABLE, BY_OWNER, &prefix, None, limit.unwrap_or(KEYS_MAX))?;
        let key = |row: &Versioned<_>| {
            let key = Versioned { version: row.version, record: ApiKey::from_row(&row.record).map_err(damaged)? };
            let foreign = view.range(&imported::TABLE, BY_KEY, &vec![Value::Id(key.record.id.0)], None, FOREIGN_MAX)?;
            let foreign = foreign.iter().map(|row| ImportedKey::from_row(&row.record)).collect::<Result<_, _>>().map_err(damaged)?;
            Ok(OwnedKey { key, foreign })
        };
        rows.iter().map(key).collect()
    };
    beside(read).await.unwrap_or_else(|| Err(closed().into()))
}

/// The entries that tell of a person, in their order. The whole ledger is read, since what somebody wrote may be of any time.
pub(super) struct Entries {
    store: Arc<dyn Store>,
    /// Lent to whoever reads.
    reading: Option<Place>,
    is_end: bool,
}

struct Place {
    mentions: Mentions,
    next: Sequence,
}

/// Some of the entries that tell of a person.
#[derive(Default)]
pub(super) struct Found {
    pub(super) told: Vec<Told>,
    /// Those that say what they were called once: who goes on with an erasure that was broken off looks for that too.
    pub(super) names: Vec<Told>,
}

impl Found {
    pub(super) fn len(&self) -> usize {
        self.told.len() + self.names.len()
    }
}

impl Entries {
    pub(super) fn of(store: &Arc<dyn Store>, mentions: Mentions) -> Entries {
        Entries { store: store.clone(), reading: Some(Place { mentions, next: 0 }), is_end: false }
    }

    /// Once all were read: what tells of them, with what entries told of that.
    pub(super) fn mentions(&self) -> Result<&Mentions, Fault> {
        self.reading.as_ref().map(|place| &place.mentions).ok_or_else(closed)
    }

    /// Once all were read: the keys that were theirs and are nobody's now.
    pub(super) async fn keys_gone(self) -> Result<BTreeSet<ApiKeyId>, Failure> {
        let keys = self.mentions()?.keys();
        let read = move || {
            let view = self.store.view()?;
            let mut gone = BTreeSet::new();
            for key in keys {
                if view.get(&api_key::TABLE, &vec![Value::Id(key.0)])?.is_none() {
                    gone.insert(key);
                }
            }
            Ok::<_, Fault>(gone)
        };
        Ok(beside(read).await.unwrap_or_else(|| Err(closed()))?)
    }

    /// The next of them, about as many as that or fewer; `None` at the end.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Option<Found>, Failure> {
        let Some(mut place) = self.reading.take_if(|_| !self.is_end) else { return Ok(None) };
        let store = self.store.clone();
        let read = move || {
            let found = place.read(&*store, limit)?;
            Ok::<_, Fault>((place, found))
        };
        let (place, (found, is_end)) = beside(read).await.unwrap_or_else(|| Err(closed()))?;
        (self.reading, self.is_end) = (Some(place), is_end);
        Ok(Some(found))
    }
}

impl Place {
    fn read(&mut self, store: &dyn Store, limit: usize) -> Result<(Found, bool), Fault> {
        let (mut found, mut read) = (Found::default(), 0);
        while found.len() < limit && read < ENTRIES_IN_A_TURN {
            let entries = store.tail(self.next, STEP)?;
            let Some(last) = entries.last() else { return Ok((found, true)) };
            (self.next, read) = (last.sequence + 1, read + entries.len());
            for entry in &entries {
                if let Some(content) = &entry.content
                    && self.mentions.are_in(&entry.kind, &content.payload)
                {
                    let of = if entry.kind == "user.created" { &mut found.names } else { &mut found.told };
                    of.push(Told { sequence: entry.sequence, time: entry.time });
                }
            }
        }
        Ok((found, false))
    }
}

pub(super) fn closed() -> Fault {
    Fault::new(FaultKind::Closed, "the store is closed")
}
