//! How many notices were told: for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use jeton_core::notice::{DAYS_AHEAD, Ending};

/// How many notices were told since the start, by kind and days.
#[derive(Default)]
pub(crate) struct Notices {
    told: [[AtomicU64; DAYS_AHEAD.len()]; Ending::ALL.len()],
}

impl Notices {
    /// Counts one.
    pub(crate) fn count(&self, ending: Ending, days: i64) {
        let kind = Ending::ALL.iter().position(|known| *known == ending);
        let place = DAYS_AHEAD.iter().position(|known| *known == days);
        if let Some(count) = kind.zip(place).and_then(|(kind, place)| self.told.get(kind)?.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Kind, days ahead, count.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Ending, i64, u64)> {
        let of_kind = |(ending, counts): (Ending, &[AtomicU64; DAYS_AHEAD.len()])| {
            let counts = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
            DAYS_AHEAD.into_iter().zip(counts).map(move |(days, count)| (ending, days, count)).collect::<Vec<_>>()
        };
        Ending::ALL.into_iter().zip(&self.told).flat_map(of_kind)
    }
}
