//! Keys in memory: bounded, the least used leave first, and never older than the last acknowledged commit.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::api_key::{self, ApiKey, imported};
use jeton_core::commit::Write;
use jeton_core::id::ApiKeyId;
use jeton_core::record::{Key, Malformed, Row, Table, Value, Versioned};
use jeton_store::find::Find;
use jeton_store::store::{Fault, View};
use quick_cache::sync::Cache;

use crate::keys::entry::KeyEntry;
use crate::text_digest::TextDigest;

/// How many keys are kept.
const KEYS: usize = 24_576;
/// How many texts of imported keys are known again.
const IMPORTS: usize = KEYS;
/// How many of those that were met last are known again where there is no room any more: four bytes each.
const MET: usize = 1 << 15;
/// As many changes are told apart; two keys that share one only read once more than they must.
const STAMPS: usize = 64;

/// The keys by their id; and the ids of those whose text does not carry it, since they were imported, by their text.
///
/// What a text stands for never changes, so that nothing needs to leave there. A key does: each commit that writes it raises its stamp and
/// takes it out, before the commit is answered. Whoever reads the store notes the stamp first, and keeps what it read only where the stamp
/// is still the same.
pub(crate) struct KeyCache {
    keys: Cache<ApiKeyId, Arc<KeyEntry>>,
    met: Met,
    imports: Cache<TextDigest, ApiKeyId>,
    stamps: [Mutex<u64>; STAMPS],
    /// Whether any key was imported: without one, nobody looks for the hash of a foreign text.
    knows_imports: AtomicBool,
}

impl Default for KeyCache {
    fn default() -> KeyCache {
        KeyCache {
            keys: Cache::new(KEYS),
            met: Met::default(),
            imports: Cache::new(IMPORTS),
            stamps: std::array::from_fn(|_| Mutex::default()),
            knows_imports: AtomicBool::new(false),
        }
    }
}

/// Whom to keep. While there is room, everybody; afterwards who is met a second time. A crowd of keys that are used once each drives out
/// none that are used again, and what was read of it is given back while the processor has it at hand.
struct Met {
    kept: AtomicUsize,
    last: Box<[AtomicU32]>,
}

impl Default for Met {
    fn default() -> Met {
        Met { kept: AtomicUsize::new(0), last: std::iter::repeat_with(AtomicU32::default).take(MET).collect() }
    }
}

impl Met {
    fn is_to_be_kept(&self, id: ApiKeyId) -> bool {
        if self.kept.load(Ordering::Relaxed) < KEYS {
            self.kept.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        // The last bytes of an id are random: some say where it is noted, some what.
        let [.., high, low, first, second, third, fourth] = id.0;
        let (place, mark) = (u16::from_be_bytes([high, low]), u32::from_be_bytes([first, second, third, fourth]));
        self.last.get(usize::from(place) % MET).is_none_or(|last| last.swap(mark, Ordering::Relaxed) == mark)
    }
}

/// What was noted of a key before the store was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl KeyCache {
    /// Learns, at the start, whether any key was imported.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub(crate) fn load(&self, view: &dyn View) -> Result<(), Fault> {
        let any = view.find(&Find::first(&imported::TABLE, 1))?;
        self.knows_imports.store(!any.is_empty(), Ordering::Release);
        Ok(())
    }

    pub(crate) fn knows_imports(&self) -> bool {
        self.knows_imports.load(Ordering::Acquire)
    }

    pub(crate) fn get(&self, id: ApiKeyId) -> Option<Arc<KeyEntry>> {
        self.keys.get(&id)
    }

    /// To be noted before the store is read.
    pub(crate) fn stamp(&self, id: ApiKeyId) -> Stamp {
        Stamp(self.with_stamp(id, |stamp| *stamp))
    }

    /// Keeps what was read since the stamp was noted, unless it was written meanwhile, or nobody has room for who is met once.
    pub(crate) fn keep(&self, read: &Arc<KeyEntry>, noted: Stamp) {
        let id = read.key.record.id;
        if !self.met.is_to_be_kept(id) {
            return;
        }
        self.with_stamp(id, |stamp| {
            if *stamp == noted.0 {
                self.keys.insert(id, read.clone());
            }
        });
    }

    /// The imported key that a text was once proven to be of.
    pub(crate) fn imported(&self, text: &TextDigest) -> Option<ApiKeyId> {
        if self.knows_imports() { self.imports.get(text) } else { None }
    }

    /// A text was proven to be of an imported key.
    pub(crate) fn note_import(&self, text: TextDigest, key: ApiKeyId) {
        self.imports.insert(text, key);
    }

    /// Takes out what a commit writes.
    pub(crate) fn apply(&self, writes: &[Write]) {
        for write in writes {
            let id = match write {
                Write::Put { table, row } => {
                    if std::ptr::eq(*table, &imported::TABLE) {
                        self.knows_imports.store(true, Ordering::Release);
                    }
                    key_of_row(table, row)
                }
                Write::Delete { table, key } => key_of_key(table, key),
            };
            if let Some(id) = id {
                self.with_stamp(id, |stamp| {
                    *stamp += 1;
                    self.keys.remove(&id);
                });
            }
        }
    }

    fn with_stamp<R>(&self, id: ApiKeyId, work: impl FnOnce(&mut u64) -> R) -> R {
        // The last bytes of an id are random.
        let place = usize::from(id.0.last().copied().unwrap_or_default()) % STAMPS;
        match self.stamps.get(place) {
            Some(stamp) => work(&mut stamp.lock().unwrap_or_else(PoisonError::into_inner)),
            None => work(&mut 0),
        }
    }
}

fn key_of_row(table: &'static Table, row: &Row) -> Option<ApiKeyId> {
    let column = if std::ptr::eq(table, &api_key::TABLE) {
        0
    } else if std::ptr::eq(table, &imported::TABLE) {
        1
    } else {
        return None;
    };
    id_of(row.get(column)?)
}

/// A foreign text leaves with its key, whose own row says which.
fn key_of_key(table: &'static Table, key: &Key) -> Option<ApiKeyId> {
    std::ptr::eq(table, &api_key::TABLE).then(|| id_of(key.first()?)).flatten()
}

fn id_of(value: &Value) -> Option<ApiKeyId> {
    Some(ApiKeyId(value.as_bytes()?.try_into().ok()?))
}

/// A row of a key, read.
pub(crate) fn entry(row: &Versioned<Row>) -> Result<Arc<KeyEntry>, Malformed> {
    let record = ApiKey::from_row(&row.record)?;
    Ok(Arc::new(KeyEntry::new(Versioned { version: row.version, record })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ApiKeyId {
        let spread = u128::try_from(number).unwrap().wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        ApiKeyId(spread.to_be_bytes())
    }

    #[test]
    fn without_room_whoever_is_met_a_second_time_is_kept() {
        let met = Met::default();
        assert!((0..KEYS).all(|number| met.is_to_be_kept(id(number))), "there is room");
        assert!((KEYS..4 * KEYS).all(|number| !met.is_to_be_kept(id(number))), "a crowd, each of it once");
        let last = (4 * KEYS - MET / 8..4 * KEYS).filter(|number| met.is_to_be_kept(id(*number))).count();
        assert!((MET / 10..=MET / 8).contains(&last), "of those that were met last nearly all: {last}");
    }
}
