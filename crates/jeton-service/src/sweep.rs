//! What time does to credentials, written down: what nobody uses is suspended and then revoked, what ends soon is told, and what ended long
//! ago leaves. All of it in small steps, and only while the clock is believed.

mod keys;
mod notices;
mod scopes;
mod secrets;
mod sign_ins;

use std::sync::Arc;
use std::{fmt, mem};

use jeton_core::doctor::Met;
use jeton_core::moment::Moment;
use jeton_core::notice::Ending;

use crate::failure::Failure;
use crate::service::Service;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many were suspended because nobody uses them.
    pub suspended: u64,
    /// How many were revoked for it.
    pub revoked: u64,
    /// How many left: what ended long ago, and exceptions that are over.
    pub removed: u64,
    /// How many notices were told.
    pub told: u64,
}

/// A pass that could not do all: the rest of it was done, and the next one tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What was done all the same.
    pub swept: Swept,
    /// How much failed: a row that is damaged, a credential that could not be changed, a page that could not be read.
    pub failed: u64,
    /// What failed first.
    pub first: Failure,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.first)
    }
}

/// Used within as long and ending within as long, a credential deserves a look.
const WEEK_SECONDS: i64 = 7 * 86_400;
/// Suspended for longer, it does too.
const UNDECIDED_SECONDS: i64 = 30 * 86_400;

/// What one pass did, and what it met that somebody should look at.
#[derive(Default)]
struct Pass {
    swept: Swept,
    met: Met,
    /// How much failed; the rest of the pass goes on without it.
    failed: u64,
    first: Option<Failure>,
}

impl Pass {
    fn join(&mut self, other: Pass) {
        self.swept.suspended += other.swept.suspended;
        self.swept.revoked += other.swept.revoked;
        self.swept.removed += other.swept.removed;
        self.swept.told += other.swept.told;
        self.met.join(other.met);
        self.failed += other.failed;
        self.first = self.first.take().or(other.first);
    }

    /// Notes how a part of the pass went. What follows is looked at all the same.
    fn note(&mut self, part: Result<(), Failure>) {
        if let Err(failure) = part {
            self.failed += 1;
            self.first.get_or_insert(failure);
        }
    }
}

impl Service {
    /// Goes over every key, secret and exception once. For a schedule, and a thread that may block: rows are read in place. `None`: the clock
    /// is doubted, and nothing was done on its word. What fails, as a damaged row does, holds up nothing else.
    ///
    /// # Errors
    /// What failed, where anything did.
    pub async fn sweep(&self, moment: &Moment) -> Result<Option<Swept>, Unfinished> {
        if !self.posture.may_destroy(self.moments.time()) {
            return Ok(None);
        }
        let (mut pass, mut moments) = (Pass::default(), moment.clone());
        let keys = self.sweep_keys(&mut pass, &moments.split()).await;
        pass.note(keys);
        self.sweep_secrets(&mut pass, &moments.split()).await;
        self.sweep_exceptions(&mut pass, &moments.split()).await;
        self.sweep_sign_ins(&mut pass, &moments.split()).await;
        if !self.is_ending() {
            pass.met.at = Some(self.moments.time().seconds());
            self.met.store(Some(Arc::new(mem::take(&mut pass.met))));
        }
        let Pass { swept, failed, first, .. } = pass;
        first.map_or(Ok(Some(swept)), |first| Err(Unfinished { swept, failed, first }))
    }

    /// How many notices were told since the start: kind, days ahead, count.
    pub fn notices_told(&self) -> impl Iterator<Item = (Ending, i64, u64)> {
        self.notices.counts()
    }
}
