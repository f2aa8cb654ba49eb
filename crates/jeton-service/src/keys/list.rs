//! Keys, page by page, the newest first.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::api_key::{self, ApiKey};
use jeton_core::id::{ApiId, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::record::{Key, Row, Value, Versioned};
use jeton_store::store::View;

use super::entry::KeyEntry;
use super::read::damaged;
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::service::Service;

/// Which keys; what is left out takes nothing away.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Those of an owner.
    pub owner: Option<Owner>,
    /// Those for an API.
    pub api: Option<ApiId>,
    /// Those that stand like this.
    pub standing: Option<StandingKind>,
}

/// How keys stand, the reason left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingKind {
    /// Accepted.
    Active,
    /// Refused for now.
    Suspended,
    /// At its end.
    Expired,
    /// Refused for ever.
    Revoked,
}

/// Some keys, the newest first.
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<Arc<KeyEntry>>,
    /// Where the next page goes on; `None`: this is the last one.
    pub next: Option<ApiKeyId>,
}

/// How many rows a page looks at: with a filter that lets little through it may be short, and yet not the last one.
const EXAMINED_MAX: usize = 2_000;

/// The names of states in rows: an API's keys are in the order of them.
const STATES: [&str; 3] = ["active", "suspended", "revoked"];

impl StandingKind {
    /// All of them.
    pub const ALL: [StandingKind; 4] = [StandingKind::Active, StandingKind::Suspended, StandingKind::Expired, StandingKind::Revoked];

    /// Its name in requests and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StandingKind::Active => "active",
            StandingKind::Suspended => "suspended",
            StandingKind::Expired => "expired",
            StandingKind::Revoked => "revoked",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<StandingKind> {
        StandingKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl From<Standing> for StandingKind {
    fn from(standing: Standing) -> StandingKind {
        match standing {
            Standing::Live => StandingKind::Active,
            Standing::Revoked(_) => StandingKind::Revoked,
            Standing::Expired => StandingKind::Expired,
            Standing::Suspended(_) => StandingKind::Suspended,
        }
    }
}

impl Service {
    /// The keys made before the one of this id, at most so many. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn list_keys(&self, filter: &KeyFilter, after: Option<ApiKeyId>, limit: usize, moment: &Moment) -> Result<KeyPage, Failure> {
        let (view, uses) = (self.store.view()?, self.subject_uses()?);
        let (mut keys, mut last, mut examined) = (vec![], after, 0);
        while examined < EXAMINED_MAX {
            // One more than the page has room for tells whether it is the last one.
            let step = (limit + 1).clamp(1, EXAMINED_MAX - examined);
            let rows = rows_before(&*view, filter, last, step)?;
            let is_end = rows.len() < step;
            examined += rows.len();
            for row in &rows {
                let read = entry(row).map_err(damaged)?;
                self.learn_from(&uses, &read)?;
                if !self.lets_through(filter, &read, moment) {
                    last = Some(read.key.record.id);
                    continue;
                }
                if keys.len() == limit {
                    return Ok(KeyPage { keys, next: last });
                }
                last = Some(read.key.record.id);
                keys.push(read);
            }
            if is_end {
                return Ok(KeyPage { keys, next: None });
            }
        }
        Ok(KeyPage { keys, next: last })
    }

    fn lets_through(&self, filter: &KeyFilter, entry: &KeyEntry, moment: &Moment) -> bool {
        let key: &ApiKey = &entry.key.record;
        filter.owner.as_ref().is_none_or(|owner| key.owner == *owner)
            && filter.api.as_ref().is_none_or(|api| key.api == *api)
            && filter.standing.is_none_or(|kind| StandingKind::from(self.key_standing(entry, Slot::Current, moment).0) == kind)
    }
}

/// The newest rows before a key, by the index that leaves the least to look at.
fn rows_before(view: &dyn View, filter: &KeyFilter, before: Option<ApiKeyId>, limit: usize) -> Result<Vec<Versioned<Row>>, Failure> {
    let before: Option<Key> = before.map(|id| vec![Value::Id(id.0)]);
    let latest = |index: Option<usize>, prefix: Key| view.latest(&api_key::TABLE, index, &prefix, before.as_ref(), limit);
    if let Some(owner) = &filter.owner {
        return Ok(latest(Some(BY_OWNER), vec![Value::text(&owner.to_string())])?);
    }
    let Some(api) = &filter.api else { return Ok(latest(None, vec![])?) };
    let mut rows = vec![];
    for state in STATES {
        rows.extend(latest(Some(BY_API), vec![Value::Text(api.0.clone()), Value::text(state)])?);
    }
    let id = |row: &Versioned<Row>| row.record.first().and_then(Value::as_bytes).map(<[u8]>::to_vec);
    rows.sort_by_cached_key(|row| std::cmp::Reverse(id(row)));
    rows.truncate(limit);
    Ok(rows)
}

/// Which of the table's indexes these are.
const BY_OWNER: usize = 0;
const BY_API: usize = 1;
