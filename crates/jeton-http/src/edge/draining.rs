use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// The word that the server stops. Cloneable: listeners stop accepting, and whoever streams (the feed) ends its stream.
#[derive(Debug, Clone, Default)]
pub struct Draining {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    begun: AtomicBool,
    notify: Arc<Notify>,
}

impl Draining {
    /// A server that runs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says the word. It cannot be taken back; saying it again changes nothing.
    pub fn begin(&self) {
        self.shared.begun.store(true, Ordering::Release);
        self.shared.notify.notify_waiters();
    }

    /// Whether the word was said.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.shared.begun.load(Ordering::Acquire)
    }

    /// Waits for the word; returns at once when it was said before.
    pub async fn begun(&self) {
        let word = self.word();
        if !self.has_begun() {
            word.await;
        }
    }

    /// A future of the word: it hears every word said after this call, polled or not, and none said before.
    pub(super) fn word(&self) -> OwnedNotified {
        Arc::clone(&self.shared.notify).notified_owned()
    }
}
