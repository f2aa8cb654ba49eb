//! What verifiers told: how far each has come, and what they counted. In memory, until both are written together.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::id::ClientId;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage::Cell;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::report::{self, KEPT_SECONDS, Reported};
use jeton_oauth::usage_report::VerifierId;
use jeton_store::store::{Fault, View};

use super::keeping::damaged;
use super::marks::Marks;
use super::recorder::{Recorder, Seen, Taken};
use super::told::Told;
use crate::failure::Failure;

/// The verifiers of one client that are told apart within two days, restarts included.
const VERIFIERS_OF_CLIENT: usize = 4_096;
/// The verifiers, and the subjects and outcomes, that are told apart between two flushes: what was told is one transaction, that is to be small.
const WAITING_MAX: usize = 4_096;
const CELLS_MAX: usize = 16_384;

/// How many checks the verifiers of one client may report between two flushes: a use that finds no room begins everybody's idle times anew.
const CHECKS_OF_CLIENT: usize = CELLS_MAX / 2;

/// What verifiers told; how far they came is read when the first one reports.
#[derive(Default)]
pub(crate) struct Reports(Mutex<Known>);

pub(crate) struct Known {
    is_read: bool,
    /// What their reports count, apart from what is counted here.
    pub(crate) recorder: Recorder,
    pub(crate) verifiers: BTreeMap<(ClientId, VerifierId), Reported>,
    /// Whose row is not in the store as it is here.
    pub(crate) changed: BTreeSet<(ClientId, VerifierId)>,
    /// How many checks each client has reported since they were last taken.
    checks: BTreeMap<ClientId, usize>,
}

impl Default for Known {
    fn default() -> Known {
        let recorder = Recorder::telling_apart(CELLS_MAX);
        Known { is_read: false, recorder, verifiers: BTreeMap::new(), changed: BTreeSet::new(), checks: BTreeMap::new() }
    }
}

impl Reports {
    /// Takes what was told, and how far the reports in it have come: whoever writes one writes the other.
    pub(crate) fn take(&self) -> (Taken, Vec<Reported>) {
        let mut known = self.lock();
        let changed = mem::take(&mut known.changed);
        known.checks.clear();
        let numbers = changed.iter().filter_map(|name| known.verifiers.get(name).cloned()).collect();
        (known.recorder.take(), numbers)
    }

    /// What was to be written was not: it is tried again with the next.
    pub(crate) fn put_back(&self, told: Told) {
        let mut known = self.lock();
        known.changed.extend(told.numbers.into_iter().map(|reported| (reported.client, reported.verifier)));
        for ((minute, Cell { subject, api, outcome }), count) in told.counted {
            let (marks, at) = (Marks::default(), Time::from_seconds(minute));
            known.recorder.record_many(Seen { subject, api, outcome, refused_by: None, marks, at }, count);
        }
    }

    /// Uses are not counted from now on.
    pub(crate) fn turn_off(&self) {
        self.lock().recorder.turn_off();
    }

    /// What is known; read first where nobody did.
    pub(crate) fn read<'s>(
        &self,
        view: impl FnOnce() -> Result<Box<dyn View + 's>, Fault>,
        now: Time,
    ) -> Result<MutexGuard<'_, Known>, Fault> {
        let mut known = self.lock();
        if !known.is_read {
            let view = view()?;
            for hour in (0..=KEPT_SECONDS / Resolution::Hour.seconds() + 1).rev() {
                let hour = report::key_of_hour(now.seconds().saturating_sub(hour * Resolution::Hour.seconds()));
                known.take_up(&view.starting_with(&report::TABLE, &hour, usize::MAX)?)?;
            }
            known.is_read = true;
        }
        Ok(known)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Rows of an hour; those of a later hour come after them, and count.
    fn take_up(&mut self, rows: &[Versioned<Row>]) -> Result<(), Fault> {
        for row in rows {
            let reported = Reported::from_row(&row.record).map_err(damaged)?;
            self.verifiers.insert((reported.client.clone(), reported.verifier), reported);
        }
        Ok(())
    }

    /// Forgets verifiers that are gone where there is no room for another.
    pub(crate) fn make_room(&mut self, name: &(ClientId, VerifierId), now_seconds: i64) -> Result<(), Refusal> {
        if self.verifiers.contains_key(name) || self.of_client(&name.0) < VERIFIERS_OF_CLIENT {
            return Ok(());
        }
        self.forget_gone(now_seconds);
        if self.of_client(&name.0) < VERIFIERS_OF_CLIENT {
            return Ok(());
        }
        let detail = format!("more than {VERIFIERS_OF_CLIENT} verifiers of this client reported within two days: see why they restart");
        Err(Refusal::new(Reason::Conflict, detail))
    }

    /// Whether so many verifiers wait to be written that another has to.
    pub(crate) fn is_crowded(&self, name: &(ClientId, VerifierId)) -> bool {
        self.changed.len() >= WAITING_MAX && !self.changed.contains(name)
    }

    /// Takes room for so many checks of a client.
    ///
    /// # Errors
    /// `Busy`: there is room again when these are in the store; the verifier sends its batch once more.
    pub(crate) fn take_room(&mut self, client: &ClientId, checks: usize) -> Result<(), Failure> {
        let taken = self.checks.entry(client.clone()).or_default();
        if taken.saturating_add(checks) > CHECKS_OF_CLIENT || !self.recorder.has_room_for(checks) {
            return Err(Failure::Busy);
        }
        *taken += checks;
        Ok(())
    }

    /// Forgets verifiers that have not reported for two days, as their rows are dropped.
    pub(crate) fn forget_gone(&mut self, now_seconds: i64) {
        self.verifiers.retain(|_, reported| now_seconds.saturating_sub(reported.at) <= KEPT_SECONDS);
        self.changed.retain(|name| self.verifiers.contains_key(name));
    }

    fn of_client(&self, client: &ClientId) -> usize {
        let least = (client.clone(), VerifierId::from_bytes([0; 16]));
        let most = (client.clone(), VerifierId::from_bytes([0xff; 16]));
        self.verifiers.range(least..=most).count()
    }
}
