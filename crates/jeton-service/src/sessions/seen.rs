//! When sessions were last seen here: in memory, since no page is to cost a write.

use jeton_core::id::SessionId;
use quick_cache::sync::Cache;

/// How many sessions are remembered.
const SESSIONS: usize = 65_536;

/// When browsers of sessions were last here, as far as this process knows.
pub(crate) struct SessionsSeen(Cache<SessionId, i64>);

impl Default for SessionsSeen {
    fn default() -> SessionsSeen {
        SessionsSeen(Cache::new(SESSIONS))
    }
}

impl SessionsSeen {
    /// One was here at this time, in seconds.
    pub(crate) fn note(&self, id: SessionId, at: i64) {
        self.0.insert(id, at);
    }

    /// When one was last here, in seconds; `None`: not since the process began, or nobody remembers.
    pub(crate) fn last(&self, id: SessionId) -> Option<i64> {
        self.0.get(&id)
    }
}
