//! The file of the access log: lines wait in memory, a thread of its own writes them each second or as soon as they are many, turns the file and removes the old ones.
//!
//! Whoever notes a request copies its line and goes on: no disk, however slow or full, is waited for. What does not fit is dropped and counted.

mod parts;
mod rolling;
mod room;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jeton_core::moment::Time;
use jeton_http::observe::{AccessLog, Dropped};

pub(crate) use rolling::Bounds;
use rolling::{Lost, Rolling};
use room::Room;

/// The most bytes that wait: what comes on top is dropped.
const WAITING_BYTES: usize = 8 << 20;
/// With so many the writer does not wait any longer, so that only a slow disk loses lines and not a busy second.
const MANY_BYTES: usize = WAITING_BYTES / 2;
/// How long a line waits at most where there are few.
const PERIOD: Duration = Duration::from_secs(1);

/// Lines on their way to the file.
#[derive(Default)]
pub(crate) struct Lines {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    crowded: AtomicU64,
    failed: AtomicU64,
    reserved: AtomicU64,
    /// When lines were seen last to be lost, in seconds; 0: none were.
    dropped_at: AtomicI64,
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
    bounds: Bounds,
    now: impl Fn() -> Time + Send + 'static,
    may_destroy: impl Fn() -> bool + Send + 'static,
) -> Result<(Arc<Lines>, Writer), String> {
    start_each(PERIOD, path, bounds, now, may_destroy)
}

fn start_each(
    period: Duration,
    path: PathBuf,
    bounds: Bounds,
    now: impl Fn() -> Time + Send + 'static,
    may_destroy: impl Fn() -> bool + Send + 'static,
) -> Result<(Arc<Lines>, Writer), String> {
    let lines = Arc::new(Lines::default());
    let mut rolling = Rolling::open(path, bounds, Room::of, now())?;
    let taken = lines.clone();
    let work = move || {
        let (mut spare, mut is_closing, mut known) = (Vec::new(), false, 0);
        while !is_closing {
            is_closing = taken.take(&mut spare, period);
            let time = now();
            if let Some(lost) = rolling.write(&spare, time, may_destroy()) {
                taken.lose(lost, &spare);
            }
            known = taken.note_dropped(known, time);
            spare.clear();
        }
    };
    let thread = thread::Builder::new().name("jeton-access".into()).spawn(work);
    let thread = thread.map_err(|error| format!("the access log has no thread to write it: {error}"))?;
    Ok((lines.clone(), Writer { lines, thread: Some(thread) }))
}

/// The files beside a log to which nothing comes any more.
pub(crate) fn turned_aside(path: &Path) -> Vec<PathBuf> {
    parts::parts(path).into_iter().map(|part| part.path).collect()
}

impl Lines {
    /// After a period, or when many bytes wait, or at the end, swaps what waits for an empty buffer; says whether it is the end.
    fn take(&self, spare: &mut Vec<u8>, period: Duration) -> bool {
        let waiting = self.lock();
        let (mut waiting, _) = self
            .bell
            .wait_timeout_while(waiting, period, |waiting| !waiting.is_closing && waiting.lines.len() < MANY_BYTES)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut waiting.lines, spare);
        waiting.is_closing
    }

    /// Counts lines that the file did not get.
    fn lose(&self, how: Lost, lines: &[u8]) {
        let count = match how {
            Lost::Failed => &self.failed,
            Lost::Reserved => &self.reserved,
        };
        count.fetch_add(lines.iter().filter(|byte| **byte == b'\n').count() as u64, Ordering::Relaxed);
    }

    /// Notes when lines were lost: those who lose them read no clock. How many are known of now.
    fn note_dropped(&self, known: u64, now: Time) -> u64 {
        let dropped = self.dropped().lines();
        if dropped > known {
            self.dropped_at.store(now.seconds(), Ordering::Relaxed);
        }
        dropped
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessLog for Lines {
    fn write(&self, line: &[u8]) {
        let mut waiting = self.lock();
        let before = waiting.lines.len();
        if before + line.len() > WAITING_BYTES {
            self.crowded.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.extend_from_slice(line);
        let is_many_now = before < MANY_BYTES && waiting.lines.len() >= MANY_BYTES;
        drop(waiting);
        if is_many_now {
            self.bell.notify_one();
        }
    }

    fn dropped(&self) -> Dropped {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let at = self.dropped_at.load(Ordering::Relaxed);
        Dropped {
            crowded: read(&self.crowded),
            failed: read(&self.failed),
            reserved: read(&self.reserved),
            last_at_seconds: (at != 0).then_some(at),
        }
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

    const NOW: i64 = 1_800_000_000;
    const BOUNDS: Bounds = Bounds { days: 1, bytes: 1 << 30 };

    #[test]
    fn what_was_noted_is_in_the_file_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (lines, writer) = start(path.clone(), BOUNDS, || Time::from_seconds(NOW), || true).unwrap();
        for number in 0..1_000 {
            lines.write(format!("{number}\n").as_bytes());
        }
        drop(writer);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!((text.lines().count(), text.lines().last(), lines.dropped()), (1_000, Some("999"), Dropped::default()));
    }

    /// More comes within a period than can wait for its end: the writer is woken for it.
    #[test]
    fn a_busy_second_loses_nothing_while_the_disk_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (looks, looked) = std::sync::mpsc::channel();
        let now = move || {
            let _ = looks.send(());
            Time::from_seconds(NOW)
        };
        let (lines, writer) = start_each(Duration::from_secs(3_600), path.clone(), BOUNDS, now, || true).unwrap();
        looked.recv().unwrap();
        let line = [vec![b'x'; (1 << 10) - 1], vec![b'\n']].concat();
        let many = MANY_BYTES / line.len();
        for time in 0..5 {
            (0..many).for_each(|_| lines.write(&line));
            // It reads the clock for each batch that it takes.
            assert!(looked.recv_timeout(Duration::from_secs(60)).is_ok(), "nobody took what was written the {time}th time");
        }
        drop(writer);
        let count = std::fs::read(&path).unwrap().iter().filter(|byte| **byte == b'\n').count();
        assert_eq!((count, lines.dropped()), (5 * many, Dropped::default()));
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let lines = Lines::default();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..11 {
            lines.write(&line);
        }
        let mut taken = Vec::new();
        assert!(!lines.take(&mut taken, Duration::MAX));
        assert_eq!((lines.dropped(), taken.len()), (Dropped { crowded: 3, ..Dropped::default() }, 8 << 20));
        lines.write(b"again");
        assert_eq!((lines.dropped().lines(), lines.lock().lines.len()), (3, 5));
    }

    #[test]
    fn when_lines_were_lost_last_is_known_beside_how() {
        let lines = Lines::default();
        lines.lose(Lost::Failed, b"a\nb\n");
        lines.lose(Lost::Reserved, b"c\n");
        assert_eq!(lines.note_dropped(0, Time::from_seconds(NOW)), 3);
        assert_eq!(lines.note_dropped(3, Time::from_seconds(NOW + 1)), 3);
        assert_eq!(lines.dropped(), Dropped { crowded: 0, failed: 2, reserved: 1, last_at_seconds: Some(NOW) });
    }

    /// From the line to what is told of it.
    #[test]
    fn lines_that_the_file_does_not_get_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (lines, writer) = start(path, Bounds { bytes: 1, ..BOUNDS }, || Time::from_seconds(NOW), || true).unwrap();
        lines.write(b"longer than what may be kept\n");
        drop(writer);
        assert_eq!(lines.dropped(), Dropped { failed: 1, last_at_seconds: Some(NOW), ..Dropped::default() });
    }
}
