//! The last signed checkpoint.

use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::checkpoint::SignedCheckpoint;
use tokio::sync::watch;

/// The last checkpoint, and who waits for the next.
pub(crate) struct LastCheckpoint {
    /// Held while one is signed and kept: a smaller one that was begun earlier must not be shown after a larger one.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) kept_size: Mutex<i64>,
    pub(crate) last: watch::Sender<Option<Arc<SignedCheckpoint>>>,
}

impl Default for LastCheckpoint {
    fn default() -> LastCheckpoint {
        LastCheckpoint { turn: tokio::sync::Mutex::default(), kept_size: Mutex::new(-1), last: watch::Sender::new(None) }
    }
}

impl LastCheckpoint {
    /// Takes up what was kept before this start.
    pub(crate) fn remember(&self, signed: SignedCheckpoint) {
        *self.kept_size.lock().unwrap_or_else(PoisonError::into_inner) = signed.size;
        self.last.send_replace(Some(Arc::new(signed)));
    }
}
