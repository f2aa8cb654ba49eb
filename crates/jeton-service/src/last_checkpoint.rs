//! The last signed checkpoint.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::checkpoint::SignedCheckpoint;
use jeton_core::moment::Time;
use tokio::sync::watch;

/// The last checkpoint, and who waits for the next.
pub(crate) struct LastCheckpoint {
    /// Held while one is signed and kept: a smaller one that was begun earlier must not be shown after a larger one.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) kept_size: Mutex<i64>,
    pub(crate) last: watch::Sender<Option<Arc<SignedCheckpoint>>>,
    /// When one last left, in seconds.
    left_at: AtomicI64,
}

impl Default for LastCheckpoint {
    fn default() -> LastCheckpoint {
        LastCheckpoint {
            turn: tokio::sync::Mutex::default(),
            kept_size: Mutex::new(-1),
            last: watch::Sender::new(None),
            left_at: AtomicI64::new(i64::MIN),
        }
    }
}

impl LastCheckpoint {
    /// Takes up what was kept before this start.
    pub(crate) fn remember(&self, signed: SignedCheckpoint) {
        *self.kept_size.lock().unwrap_or_else(PoisonError::into_inner) = signed.size;
        self.last.send_replace(Some(Arc::new(signed)));
    }

    /// One left for somewhere else.
    pub(crate) fn leave(&self, now: Time) {
        self.left_at.fetch_max(now.seconds(), Ordering::Relaxed);
    }

    /// When one last left, in seconds, since the process began.
    pub(crate) fn left_at(&self) -> Option<i64> {
        Some(self.left_at.load(Ordering::Relaxed)).filter(|at| *at != i64::MIN)
    }
}
