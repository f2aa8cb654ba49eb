//! How often a subject was used, minute by minute, hour by hour or day by day.

use jeton_core::usage::Subject;
use jeton_core::usage::bucket::{Bucket, Resolution, key};

use super::keeping::damaged;
use crate::failure::Failure;
use crate::service::Service;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRequest {
    /// Whose uses.
    pub subject: Subject,
    /// How long what is counted together lasts.
    pub resolution: Resolution,
    /// From which second on; what lies in the same minute, hour or day comes whole.
    pub from: i64,
    /// Up to which second.
    pub until: i64,
}

/// The most counts of one start that are told: a subject uses few APIs.
const COUNTS_MAX: usize = 1_000;

impl Service {
    /// The counts of a subject, by time; what was used this second may be missing. Reads a row for each: for a thread that may block.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn usage_series(&self, request: &SeriesRequest) -> Result<Vec<Bucket>, Failure> {
        let SeriesRequest { subject, resolution, from, until } = request;
        let mut open = self.keeping.with(&*self.store, self.moments.time(), |kept| kept.counts.open(*resolution))?;
        open.retain(|bucket| bucket.cell.subject == *subject);
        let open_since = open.first().map(|bucket| bucket.start);
        let view = self.store.view()?;
        let mut series = Vec::new();
        let mut start = resolution.start_of(*from);
        while start < *until {
            if open_since == Some(start) {
                series.append(&mut open);
            } else {
                for row in view.starting_with(resolution.table(), &key(start, subject), COUNTS_MAX)? {
                    series.push(Bucket::from_row(&row.record).map_err(damaged)?);
                }
            }
            start = start.saturating_add(resolution.seconds());
        }
        Ok(series)
    }
}
