//! The file of the access log: lines wait in memory, a thread of its own writes them each second, turns the file and removes the old ones.
//!
//! Whoever notes a request copies its line and goes on: no disk, however slow or full, is waited for. What does not fit is dropped and counted.

mod rolling;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jeton_core::moment::Time;
use jeton_http::observe::AccessLog;

use rolling::Rolling;

/// The most bytes that wait: what comes on top is dropped.
const WAITING_BYTES: usize = 4 << 20;

/// Lines on their way to the file.
#[derive(Default)]
pub(crate) struct Lines {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    is_closing: bool,
}

/// The thread that writes; dropped, it writes what waits and ends.
pub(crate) struct Writer {
    lines: Arc<Lines>,
    thread: Option<JoinHandle<()>>,
}

/// Starts to write lines into a file. `now` reads the clock; `may_destroy` says whether old files may go by it.
///
/// # Errors
/// In words for people, when the file cannot be written.
pub(crate) fn start(
    path: PathBuf,
    kept_days: u32,
    now: impl Fn() -> Time + Send + 'static,
    may_destroy: impl Fn() -> bool + Send + 'static,
) -> Result<(Arc<Lines>, Writer), String> {
    let lines = Arc::new(Lines::default());
    let mut rolling = Rolling::open(path, kept_days, now())?;
    let taken = lines.clone();
    let work = move || {
        let (mut spare, mut is_closing) = (Vec::new(), false);
        while !is_closing {
            is_closing = taken.take(&mut spare);
            let dropped = rolling.write(&spare, now(), may_destroy());
            taken.dropped.fetch_add(dropped, Ordering::Relaxed);
            spare.clear();
        }
    };
    let thread = thread::Builder::new().name("jeton-access".into()).spawn(work);
    let thread = thread.map_err(|error| format!("the access log has no thread to write it: {error}"))?;
    Ok((lines.clone(), Writer { lines, thread: Some(thread) }))
}

impl Lines {
    /// After a second, or at the end, swaps what waits for an empty buffer; says whether it is the end.
    fn take(&self, spare: &mut Vec<u8>) -> bool {
        let waiting = self.lock();
        let (mut waiting, _) = self
            .bell
            .wait_timeout_while(waiting, Duration::from_secs(1), |waiting| !waiting.is_closing)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut waiting.lines, spare);
        waiting.is_closing
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessLog for Lines {
    fn write(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines.len() + line.len() > WAITING_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            waiting.lines.extend_from_slice(line);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines.lock().is_closing = true;
        self.lines.bell.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_in_the_file_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (lines, writer) = start(path.clone(), 1, || Time::from_seconds(1_800_000_000), || true).unwrap();
        for number in 0..1_000 {
            lines.write(format!("{number}\n").as_bytes());
        }
        drop(writer);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), text.lines().last(), lines.dropped()), (1_000, Some("999"), 0));
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let lines = Lines::default();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..7 {
            lines.write(&line);
        }
        let mut taken = Vec::new();
        lines.lock().is_closing = true;
        lines.take(&mut taken);
        assert_eq!((lines.dropped(), taken.len()), (3, 4 << 20));
        lines.write(b"again");
        assert_eq!((lines.dropped(), lines.lock().lines.len()), (3, 5));
    }
}
