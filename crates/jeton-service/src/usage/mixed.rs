//! Who uses keys in the hour that is open: in memory, and in the store where there is more than one of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_core::usage::Subject;
use jeton_core::usage::mixed::{MixedHour, OpenHour};

use super::recorder::NotedOf;

/// How many rows are written in a second.
const ROWS_MAX: usize = 2_048;

/// The hour that is open.
#[derive(Default)]
pub(crate) struct Mixing {
    open: Mutex<OpenHour>,
}

impl Mixing {
    /// Takes up what the uses of a second left behind.
    pub(crate) fn take_up(&self, now_seconds: i64, noted: &NotedOf) {
        let mut open = self.open();
        for (subject, noted) in noted {
            if let Subject::Key(id) = subject {
                let networks: Vec<Arc<str>> = noted.networks().collect();
                open.note(now_seconds, *id, noted.agents(), &networks);
            }
        }
    }

    /// Some rows that the store does not have.
    pub(crate) fn unwritten(&self) -> Vec<MixedHour> {
        self.open().unwritten(ROWS_MAX)
    }

    /// The store has these now.
    pub(crate) fn written(&self, hours: &[MixedHour]) {
        self.open().written(hours);
    }

    fn open(&self) -> MutexGuard<'_, OpenHour> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
