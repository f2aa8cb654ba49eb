//! Owners outside of whom keys are suspended: they are known by their keys alone, and nothing else tells of it.

use std::collections::BTreeMap;

use jeton_core::api_key::state::{Ended, State};
use jeton_core::explain::said::Said;
use jeton_core::moment::Moment;
use jeton_core::owner::Owner;
use jeton_core::why::Why;
use jeton_store::find::Direction;

use super::read::damaged;
use super::walk::{Found, SUSPENDED, Walk};
use crate::failure::Failure;
use crate::key_cache::entry;
use crate::service::Service;

/// An owner outside of whom keys are suspended.
#[derive(Clone, Debug)]
pub struct SuspendedOwner {
    /// Who.
    pub owner: Owner,
    /// How many of their keys are.
    pub keys: u64,
    /// Who suspended the last one, when and why.
    pub last: Said,
}

/// How many keys that are suspended are looked at, those that end the latest first, and how many at once.
const LOOKED_AT_MAX: usize = 20_000;
const STEP: usize = 1_000;

impl Service {
    /// Each owner outside of whom somebody suspended keys that would live otherwise. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn suspended_owners(&self, moment: &Moment) -> Result<Vec<SuspendedOwner>, Failure> {
        let (view, policies, now_seconds) = (self.store.view()?, self.registry.policies(), self.ledger_time(moment).seconds());
        let walk = Walk::End { state: SUSPENDED, from: None, until: None, direction: Direction::Backward };
        let mut owners: BTreeMap<Owner, SuspendedOwner> = BTreeMap::new();
        let (mut behind, mut looked_at) = (None, 0);
        while looked_at < LOOKED_AT_MAX {
            let found = walk.next(&*view, behind.as_ref(), STEP)?;
            let is_end = found.len() < STEP;
            looked_at += found.len();
            for Found { place, row } in found {
                behind = Some(place);
                let read = entry(&row).map_err(damaged)?;
                let key = &read.key.record;
                if let (Owner::External(_), State::Suspended(ended)) = (&key.owner, &key.state)
                    && ended.why.reason() != Why::Idle
                    && now_seconds < key.ends_at(&key.current, &policies)
                {
                    note(&mut owners, &key.owner, ended);
                }
            }
            if is_end {
                break;
            }
        }
        Ok(owners.into_values().collect())
    }
}

fn note(owners: &mut BTreeMap<Owner, SuspendedOwner>, owner: &Owner, ended: &Ended) {
    let one = owners.entry(owner.clone()).or_insert_with(|| SuspendedOwner { owner: owner.clone(), keys: 0, last: ended.into() });
    one.keys += 1;
    if one.last.at < ended.at {
        one.last = ended.into();
    }
}
