//! When each device asked last: in memory alone, since whoever asks too often must not cause a write by it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::authorize::polling::{INTERVAL_MAX_SECONDS, Polled, is_too_early};
use jeton_core::id::GrantId;

/// Of how many devices it is known.
const KEPT_MAX: usize = 65_536;

/// When devices asked.
#[derive(Default)]
pub(crate) struct DevicePolls(Mutex<HashMap<GrantId, Polled>>);

impl DevicePolls {
    /// Notes that a device asks; whether it came too early.
    pub(crate) fn is_too_early(&self, device: GrantId, now: i64) -> bool {
        let mut polls = self.lock();
        if polls.len() >= KEPT_MAX && !polls.contains_key(&device) {
            // Those that wait longer than anybody has to ask no more.
            polls.retain(|_, polled| now.saturating_sub(polled.at) <= INTERVAL_MAX_SECONDS);
            if polls.len() >= KEPT_MAX {
                polls.clear();
            }
        }
        let mut known = polls.get(&device).copied();
        let is_early = is_too_early(&mut known, now);
        polls.extend(known.map(|known| (device, known)));
        is_early
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GrantId, Polled>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device that has its answer asks no more.
    pub(crate) fn forget(&self, device: GrantId) {
        self.lock().remove(&device);
    }
}
