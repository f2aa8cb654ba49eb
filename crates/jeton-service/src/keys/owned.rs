//! The keys of an owner, where they stand in the way.

use jeton_core::api_key;
use jeton_core::api_key::secret::Slot;
use jeton_core::commit::{Premise, Sequence};
use jeton_core::group::delete::OwnedKeys;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::record::{Key, Row, Value, Versioned};
use jeton_store::find::{Direction, Find};

use super::filter::StandingKind;
use super::read::damaged;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::service::Service;

/// What an owner has.
pub struct Owned {
    /// How many keys that are neither revoked nor expired.
    pub live: OwnedKeys,
    /// That these are all its keys, where a premise may name so many.
    pub(crate) premise: Option<Premise>,
}

/// How many keys are looked at.
const LOOKED_AT_MAX: usize = 1_000;
/// The index of keys by their owner.
const BY_OWNER: usize = 0;

impl Service {
    /// The keys of an owner, looked at up to a bound. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn owned_keys(&self, owner: &Owner, moment: &Moment) -> Result<Owned, Failure> {
        let (prefix, rows) = self.rows_of(owner, Direction::Forward)?;
        let uses = self.subject_uses()?;
        let mut live = OwnedKeys { count: 0, has_more: rows.len() == LOOKED_AT_MAX };
        let mut versions: Vec<(Key, Sequence)> = vec![];
        for row in &rows {
            let read = entry(row).map_err(damaged)?;
            self.learn_from(&uses, &read)?;
            let stands = StandingKind::from(self.key_standing(&read, Slot::Current, moment).0);
            live.count += usize::from(matches!(stands, StandingKind::Active | StandingKind::Suspended));
            versions.push((vec![Value::Id(read.key.record.id.0)], row.version));
        }
        let fits = versions.len() <= Premise::RANGE_ROWS_MAX;
        let premise = fits.then_some(Premise::Range { table: &api_key::TABLE, index: BY_OWNER, prefix, rows: versions });
        Ok(Owned { live, premise })
    }

    /// The ids of the keys of an owner that are not forgotten, however they stand: the last ones up to a bound, and whether there are more.
    /// Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn key_ids_of(&self, owner: &Owner) -> Result<(Vec<ApiKeyId>, bool), Failure> {
        let (_, rows) = self.rows_of(owner, Direction::Backward)?;
        let has_more = rows.len() == LOOKED_AT_MAX;
        let ids = rows.iter().map(|row| Ok(entry(row).map_err(damaged)?.key.record.id));
        Ok((ids.collect::<Result<_, Failure>>()?, has_more))
    }

    /// The rows of its keys, up to a bound, and what the index is asked for.
    fn rows_of(&self, owner: &Owner, direction: Direction) -> Result<(Vec<Value>, Vec<Versioned<Row>>), Failure> {
        let prefix = vec![Value::text(&owner.to_string())];
        let find = Find { index: Some(BY_OWNER), prefix: &prefix, direction, ..Find::first(&api_key::TABLE, LOOKED_AT_MAX) };
        let rows = self.store.view()?.find(&find)?;
        Ok((prefix, rows))
    }
}
