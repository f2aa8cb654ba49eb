//! How the canary stands, and what became of one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_core::doctor::CanarySeen;
use jeton_core::event::Event;
use jeton_core::id::Actor;
use jeton_core::moment::Time;

/// How the canary stands.
#[derive(Default)]
pub(crate) struct Canary(Mutex<Standing>);

#[derive(Clone, Default)]
struct Standing {
    seen_at: Option<i64>,
    failed: Option<Arc<str>>,
    failures: u64,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was accepted, was revoked, and was refused.
    Refused,
    /// There was no turn for it: that says nothing about revocations, which go first.
    NoTurn,
    /// It was not refused, or could not be revoked: why.
    Failed(String),
}

impl Canary {
    /// Takes down what became of one; the first failure after a success is to be told.
    pub(crate) fn note(&self, sent: &Sent, now: Time) -> Option<Event> {
        let mut standing = self.lock();
        match sent {
            Sent::NoTurn => None,
            Sent::Refused => {
                (standing.seen_at, standing.failed) = (Some(now.seconds()), None);
                None
            }
            Sent::Failed(why) => {
                standing.failures += 1;
                let why: Arc<str> = Arc::from(why.as_str());
                let is_new = standing.failed.replace(why.clone()).is_none();
                is_new.then(|| Event::CanaryFailed { actor: Actor::system(), why })
            }
        }
    }

    /// As the doctor sees it.
    pub(crate) fn seen(&self) -> CanarySeen {
        let standing = self.lock();
        CanarySeen { seen_at: standing.seen_at, failed: standing.failed.clone() }
    }

    /// How many failed since the start.
    pub(crate) fn failures(&self) -> u64 {
        self.lock().failures
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
