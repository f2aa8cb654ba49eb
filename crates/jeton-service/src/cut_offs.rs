//! The cut-offs that may have ended keys, until that is written down at them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::event::{CutOffSubject, Event};
use jeton_core::id::Actor;

/// How many cut-offs wait at most; of more, only the negatives tell.
const WAITING: usize = 4_096;
/// A cut-off that may have ended keys.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) subject: CutOffSubject,
    pub(crate) name: Arc<str>,
    pub(crate) before_seconds: i64,
    pub(crate) actor: Actor,
}

/// The cut-offs that were committed and not yet written down at keys.
#[derive(Default)]
pub(crate) struct CutOffs {
    waiting: Mutex<VecDeque<Ended>>,
    /// Whether those of before the process began were taken up.
    are_recalled: AtomicBool,
}

impl CutOffs {
    /// Takes up what an event tells.
    pub(crate) fn note(&self, event: &Event) {
        let Event::CutOff { actor, before_seconds, name, subject, .. } = event else { return };
        if matches!(subject, CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key) {
            return;
        }
        let ended = Ended { subject: *subject, name: name.clone(), before_seconds: *before_seconds, actor: actor.clone() };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.push_back(ended);
        }
    }

    pub(crate) fn waiting(&self) -> Vec<Ended> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn are_done(&self, count: usize) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain(..count);
    }

    pub(crate) fn are_recalled(&self) -> bool {
        self.are_recalled.load(Ordering::Acquire)
    }

    pub(crate) fn were_recalled(&self) {
        self.are_recalled.store(true, Ordering::Release);
    }
}
