use std::io::{IsTerminal as _, Write as _};

/// How far something has come, on standard error, while somebody watches.
pub(crate) struct Progress {
    what: &'static str,
    is_watched: bool,
}

impl Progress {
    /// Of so many of these.
    pub(crate) fn new(what: &'static str) -> Progress {
        Progress { what, is_watched: std::io::stderr().is_terminal() }
    }

    /// So much is done.
    pub(crate) fn show(&mut self, done: u64, total: u64) {
        if self.is_watched {
            // Nobody needs to know that it could not be shown.
            let _ = write!(anstream::stderr(), "\r\u{1b}[K{done} of {total} {}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_watched {
            let _ = write!(anstream::stderr(), "\r\u{1b}[K");
        }
    }
}
