//! How far each verifier's reports have come: in memory, and in a row each that goes with what they counted.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jeton_core::id::ClientId;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::report::{self, KEPT_SECONDS, Reported};
use jeton_oauth::usage_report::VerifierId;
use jeton_store::store::{Fault, View};

use super::keeping::damaged;
use super::recorder::{Recorder, Taken};

/// The verifiers of one client that are told apart within two days, restarts included.
const VERIFIERS_OF_CLIENT: usize = 4_096;

/// How far each verifier's reports have come; read when the first one comes.
#[derive(Default)]
pub(crate) struct Reports(Mutex<Known>);

#[derive(Default)]
pub(crate) struct Known {
    is_read: bool,
    pub(crate) verifiers: BTreeMap<(ClientId, VerifierId), Reported>,
    /// Whose row is not in the store as it is here.
    pub(crate) changed: BTreeSet<(ClientId, VerifierId)>,
}

impl Reports {
    /// Takes what was recorded, and how far the reports in it have come: whoever writes one writes the other.
    pub(crate) fn take(&self, recorder: &Recorder) -> (Taken, Vec<Reported>) {
        let mut known = self.lock();
        let changed = mem::take(&mut known.changed);
        let rows = changed.iter().filter_map(|name| known.verifiers.get(name).cloned()).collect();
        (recorder.take(), rows)
    }

    /// What was to be written was not: it is tried again with the next.
    pub(crate) fn put_back(&self, rows: Vec<Reported>) {
        self.lock().changed.extend(rows.into_iter().map(|reported| (reported.client, reported.verifier)));
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

    /// Forgets verifiers that have not reported for two days, as their rows are dropped.
    pub(crate) fn forget_gone(&mut self, now_seconds: i64) {
        self.verifiers.retain(|_, reported| now_seconds.saturating_sub(reported.at) <= KEPT_SECONDS);
    }

    fn of_client(&self, client: &ClientId) -> usize {
        let least = (client.clone(), VerifierId::from_bytes([0; 16]));
        let most = (client.clone(), VerifierId::from_bytes([0xff; 16]));
        self.verifiers.range(least..=most).count()
    }
}
