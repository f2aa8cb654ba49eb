//! What is to be reported: counted, gathered, and cut into numbered batches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jeton_oauth::usage_report::{Cell, Item, Proof, VerifierId};
use jeton_oauth::{Resource, UsageReport};
use tokio::sync::Mutex;

use crate::verifier::credentials::{Unusable, draw};
use crate::verifier::usage::{Checked, Usage};

/// How often what was counted is reported unless said otherwise.
pub(crate) const EVERY: Duration = Duration::from_secs(10);
/// The most kinds of checks that wait to be reported while the server is out of reach; what comes on top is dropped and counted.
const WAITING_MAX: usize = 16_384;
/// The server counts no check that is older than a day; here they are dropped a little before.
const OLDEST_SECONDS: i64 = 86_400 - 600;
/// A batch holds no more text than this, so that it is never longer than a report may be.
const BATCH_BYTES: usize = 128 * 1024;

/// Counts checks and reports them.
pub(crate) struct Reporter {
    usage: Usage,
    pub(crate) state: Mutex<State>,
    pub(crate) every: Duration,
    pub(crate) reported: AtomicU64,
    dropped: AtomicU64,
}

/// What is to be reported, and how far that has come.
pub(crate) struct State {
    audience: Resource,
    pub(crate) verifier: VerifierId,
    /// The number of the last batch that was made.
    batch: u64,
    /// When a batch was last answered, in seconds: the server forgets a verifier after two days.
    pub(crate) answered_at: i64,
    waiting: HashMap<Cell, u64>,
    /// What was sent and not answered: sent again as it is, so that it is counted once.
    pub(crate) in_flight: Option<UsageReport>,
    /// Checks that were dropped since the last batch.
    dropped: u64,
}

impl Reporter {
    pub(crate) fn new(audience: Resource, every: Duration) -> Result<Self, Unusable> {
        let state = State {
            audience,
            verifier: VerifierId::from_bytes(draw()?),
            batch: 0,
            answered_at: i64::MAX,
            waiting: HashMap::new(),
            in_flight: None,
            dropped: 0,
        };
        let (reported, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { usage: Usage::default(), state: Mutex::new(state), every, reported, dropped })
    }

    /// Counts a check.
    pub(crate) fn count(&self, checked: &Checked<'_>) {
        self.usage.count(checked);
    }

    /// How many checks were reported, and how many were dropped.
    pub(crate) fn counters(&self) -> (u64, u64) {
        (self.reported.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    /// Takes what was counted to what waits, and drops what is too old or too much.
    pub(crate) fn gather(&self, state: &mut State, now_seconds: i64) {
        let (counted, uncounted) = self.usage.collect();
        self.drop_checks(state, uncounted);
        for (cell, count) in counted {
            if let Some(known) = state.waiting.get_mut(&cell) {
                *known = known.saturating_add(count);
            } else if state.waiting.len() < WAITING_MAX {
                state.waiting.insert(cell, count);
            } else {
                self.drop_checks(state, count);
            }
        }
        let mut too_old = 0_u64;
        state.waiting.retain(|cell, count| {
            let is_fresh = now_seconds.saturating_sub(cell.minute) <= OLDEST_SECONDS;
            too_old = too_old.saturating_add(if is_fresh { 0 } else { *count });
            is_fresh
        });
        self.drop_checks(state, too_old);
    }

    /// The batch that was not answered, or the next one of what waits, the oldest minutes first; `None`: nothing waits.
    pub(crate) fn next(&self, state: &mut State, now_seconds: i64) -> Option<UsageReport> {
        if now_seconds.saturating_sub(state.answered_at) > OLDEST_SECONDS {
            self.begin_anew(state);
        }
        if let Some(report) = state.in_flight.take() {
            return Some(report);
        }
        if state.waiting.is_empty() && state.dropped == 0 {
            return None;
        }
        let mut cells: Vec<(Cell, u64)> = state.waiting.drain().collect();
        cells.sort_by_key(|(cell, _)| cell.minute);
        let (mut items, mut bytes) = (Vec::new(), 0);
        for (cell, count) in cells {
            bytes += length(&cell);
            if items.len() >= UsageReport::MAX_ITEMS || bytes > BATCH_BYTES && !items.is_empty() {
                state.waiting.insert(cell, count);
                continue;
            }
            let now = count.min(UsageReport::MAX_COUNT);
            if now < count {
                state.waiting.insert(cell.clone(), count - now);
            }
            items.push(Item { cell, count: now });
        }
        state.batch += 1;
        if state.batch == 1 {
            state.answered_at = now_seconds;
        }
        let dropped = std::mem::take(&mut state.dropped).min(UsageReport::MAX_NUMBER);
        let (verifier, batch, audience) = (state.verifier, state.batch, state.audience.clone());
        Some(UsageReport { verifier, batch, audience, dropped, items, proof: Proof::default() })
    }

    /// After a day without answer the server may have forgotten this verifier: under its number the next batch would look like a gap.
    fn begin_anew(&self, state: &mut State) {
        let Ok(drawn) = draw() else { return };
        state.verifier = VerifierId::from_bytes(drawn);
        state.batch = 0;
        state.answered_at = i64::MAX;
        if let Some(report) = state.in_flight.take() {
            self.give_up(state, &report);
        }
    }

    /// What a batch held is lost, and what it told of losses is told again.
    pub(crate) fn give_up(&self, state: &mut State, report: &UsageReport) {
        self.drop_checks(state, checks(report));
        state.dropped = state.dropped.saturating_add(report.dropped);
    }

    fn drop_checks(&self, state: &mut State, checks: u64) {
        state.dropped = state.dropped.saturating_add(checks);
        self.dropped.fetch_add(checks, Ordering::Relaxed);
    }
}

/// How many checks a report tells of.
pub(crate) fn checks(report: &UsageReport) -> u64 {
    report.items.iter().map(|item| item.count).fold(0, u64::saturating_add)
}

/// About how long a cell is in a report.
fn length(cell: &Cell) -> usize {
    160 + cell.scope.as_ref().map_or(0, |scope| scope.as_str().len()) + cell.subject.to_string().len() * 2
}
