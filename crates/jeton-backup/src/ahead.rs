//! Reads objects ahead of whoever takes them: in their order, and no more at once than memory has room for.

use std::collections::VecDeque;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::fetch::{is_named, opened};
use crate::object::Kind;
use crate::open::{Opened, Opening};
use crate::problem::{Problem, What};
use crate::target::Target;

/// An object that is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// How many bytes it has, as far as is known.
    pub(crate) bytes: u64,
    /// What its bytes are, where a manifest says it.
    pub(crate) sha256: Option<String>,
}

/// An object that was read.
pub(crate) struct Read {
    pub(crate) name: String,
    /// What it says, and how many bytes it has as it is kept.
    pub(crate) found: Result<(Opened, u64), Problem>,
}

/// How many objects are read at once.
const OBJECTS: usize = 16;
/// How many bytes of them: what has more is read alone.
const BYTES: u64 = 16 * 1024 * 1024;
/// How many of them are opened and wait: each may have much more in it than it has bytes.
const OPENED: u64 = 3;

/// What reads ahead.
pub(crate) struct Ahead<'a, W: Iterator<Item = Wanted>> {
    target: &'a Target,
    opening: &'a Opening,
    wanted: std::iter::Peekable<W>,
    running: VecDeque<Running>,
    /// How many bytes those that run have.
    bytes: u64,
    begun: u64,
    /// How many were taken.
    taken: watch::Sender<u64>,
}

struct Running {
    name: String,
    bytes: u64,
    reading: JoinHandle<Result<(Opened, u64), Problem>>,
}

impl<'a, W: Iterator<Item = Wanted>> Ahead<'a, W> {
    pub(crate) fn new(target: &'a Target, opening: &'a Opening, wanted: W) -> Ahead<'a, W> {
        let (running, taken) = (VecDeque::with_capacity(OBJECTS), watch::Sender::new(0));
        Ahead { target, opening, wanted: wanted.peekable(), running, bytes: 0, begun: 0, taken }
    }

    /// The next one; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Read> {
        self.fill();
        let front = self.running.front_mut()?;
        let found = (&mut front.reading).await;
        let Running { name, bytes, .. } = self.running.pop_front()?;
        self.bytes -= bytes;
        self.taken.send_modify(|taken| *taken += 1);
        // The others go on while this one is looked at.
        self.fill();
        let found = found.unwrap_or_else(|error| Err(Problem::new(&name, What::Damaged(error.to_string()))));
        Some(Read { name, found })
    }

    fn fill(&mut self) {
        while self.running.len() < OBJECTS {
            let has_room = |next: &Wanted| self.running.is_empty() || self.bytes.saturating_add(next.bytes) <= BYTES;
            let Some(wanted) = self.wanted.next_if(has_room) else { return };
            let (name, bytes) = (wanted.name.clone(), wanted.bytes);
            let reading = read(self.target.clone(), self.opening.clone(), wanted, self.begun, self.taken.subscribe());
            self.running.push_back(Running { name, bytes, reading: tokio::spawn(reading) });
            self.bytes += bytes;
            self.begun += 1;
        }
    }
}

async fn read(
    target: Target,
    opening: Opening,
    wanted: Wanted,
    place: u64,
    mut taken: watch::Receiver<u64>,
) -> Result<(Opened, u64), Problem> {
    let Wanted { name, kind, sha256, .. } = wanted;
    let sealed = target.get(&name).await?.to_vec();
    if let Some(sha256) = sha256 {
        is_named(&name, &sealed, &sha256)?;
    }
    // Nobody takes it where nobody counts any more.
    let _ = taken.wait_for(|taken| place < taken.saturating_add(OPENED)).await;
    let bytes = sealed.len() as u64;
    Ok((opened(&opening, &name, sealed, kind).await?, bytes))
}

impl<W: Iterator<Item = Wanted>> Drop for Ahead<'_, W> {
    fn drop(&mut self) {
        self.running.iter().for_each(|running| running.reading.abort());
    }
}
