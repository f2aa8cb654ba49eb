//! How often a subject was used, minute by minute, hour by hour or day by day; and when it was last.

use std::collections::BTreeSet;

use jeton_core::usage::Subject;
use jeton_core::usage::bucket::{Bucket, Resolution, key};
use jeton_core::usage::last::{self, Last};
use jeton_store::store::View;

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

/// When subjects were last used.
pub struct LastUses<'s> {
    view: Box<dyn View + 's>,
    minute: i64,
    /// Who was used in the open minute.
    open: BTreeSet<Subject>,
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

    /// When whoever is asked for was last used, as of now. Reads a few rows for each: for a thread that may block.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn last_uses(&self) -> Result<LastUses<'_>, Failure> {
        let (minute, open) = self.keeping.with(&*self.store, self.moments.time(), |kept| {
            let open = kept.counts.open(Resolution::Minute).into_iter().filter(|bucket| bucket.cell.outcome.is_use());
            (kept.counts.minute(), open.map(|bucket| bucket.cell.subject).collect())
        })?;
        Ok(LastUses { view: self.store.view()?, minute, open })
    }
}

impl LastUses<'_> {
    /// When it was last used and not refused, to the minute, in seconds.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn of(&self, subject: &Subject) -> Result<Option<i64>, Failure> {
        if self.open.contains(subject) {
            return Ok(Some(self.minute));
        }
        let mut latest = None;
        for row in self.view.starting_with(&last::TABLE, &last::key(subject), COUNTS_MAX)? {
            let known = Last::from_row(&row.record).map_err(damaged)?;
            latest = latest.max(known.outcome.is_use().then_some(known.at));
        }
        Ok(latest)
    }
}
