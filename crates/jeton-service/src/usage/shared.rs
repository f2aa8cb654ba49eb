//! Keys that two applications use.

use std::sync::Arc;

use jeton_core::api_key;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_core::record::Value;
use jeton_core::usage::mixed::{self, MixedHour, Shared, Sharing};
use jeton_store::store::View;

use super::keeping::damaged;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::keys::entry::KeyEntry;
use crate::service::Service;

/// A key that two applications use.
pub struct SharedKey {
    /// The key.
    pub entry: Arc<KeyEntry>,
    /// What shows it.
    pub shared: Shared,
}

/// Some of them, those first that show it most.
#[derive(Default)]
pub struct SharedKeys {
    /// The keys.
    pub keys: Vec<SharedKey>,
    /// Whether there may be more.
    pub has_more: bool,
}

/// How many are told.
const KEYS_MAX: usize = 500;
/// How many rows of an hour are looked through.
const ROWS_MAX: usize = 32_768;

impl Service {
    /// The live keys that two applications use. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn shared_keys(&self, moment: &Moment) -> Result<SharedKeys, Failure> {
        let view = self.store.view()?;
        let mut sharing = Sharing::new(moment.now.seconds());
        for start in sharing.hours() {
            for row in view.starting_with(&mixed::TABLE, &vec![Value::Int(start)], ROWS_MAX)? {
                sharing.take_up(&MixedHour::from_row(&row.record).map_err(damaged)?);
            }
        }
        let mut told = SharedKeys::default();
        for shared in sharing.found() {
            if told.keys.len() == KEYS_MAX {
                told.has_more = true;
                break;
            }
            let known = self.key_in(&*view, shared.key)?;
            // Whoever gave each application a key of its own and ended this one is done.
            let live = known.filter(|entry| self.key_standing(entry, Slot::Current, moment).0 == Standing::Live);
            told.keys.extend(live.map(|entry| SharedKey { entry, shared }));
        }
        Ok(told)
    }

    pub(crate) fn key_in(&self, view: &dyn View, id: ApiKeyId) -> Result<Option<Arc<KeyEntry>>, Failure> {
        if let Some(known) = self.keys.get(id) {
            return Ok(Some(known));
        }
        let row = view.get(&api_key::TABLE, &vec![Value::Id(id.0)])?;
        Ok(row.map(|row| entry(&row)).transpose().map_err(damaged)?)
    }
}
