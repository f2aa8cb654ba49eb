//! An access log in memory.

use std::sync::{Mutex, PoisonError};

use jeton_http::observe::{AccessLog, Dropped};

/// All lines that were written.
#[derive(Default)]
pub struct SeenLines(Mutex<Vec<u8>>);

impl SeenLines {
    /// The lines as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl SeenLines {
    /// Lets go of them.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }
}

impl AccessLog for SeenLines {
    fn write(&self, line: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line);
    }

    fn dropped(&self) -> Dropped {
        Dropped::default()
    }
}
