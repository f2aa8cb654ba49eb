//! The last signed checkpoint.

use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::checkpoint::SignedCheckpoint;
use tokio::sync::watch;

/// The last checkpoint, and who waits for the next.
pub(crate) struct LastCheckpoint {
    pub(crate) kept_size: Mutex<i64>,
    pub(crate) last: watch::Sender<Option<Arc<SignedCheckpoint>>>,
}

impl Default for LastCheckpoint {
    fn default() -> LastCheckpoint {
        LastCheckpoint { kept_size: Mutex::new(-1), last: watch::Sender::new(None) }
    }
}

impl LastCheckpoint {
    /// Takes up what was kept before this start.
    pub(crate) fn remember(&self, signed: SignedCheckpoint) {
        *self.kept_size.lock().unwrap_or_else(PoisonError::into_inner) = signed.size;
        self.last.send_replace(Some(Arc::new(signed)));
    }
}
