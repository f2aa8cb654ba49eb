//! Where uses are recorded: a map in memory, in shards, emptied each second.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use jeton_core::id::ApiId;
use jeton_core::moment::Time;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::{Cell, Outcome, Subject};

/// One use, as whoever answers it saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose use it is.
    pub subject: Subject,
    /// At which API, where that is known.
    pub api: Option<ApiId>,
    /// How it went.
    pub outcome: Outcome,
    /// When.
    pub at: Time,
}

/// What was counted together: in that minute, so often.
pub(crate) type Counted = ((i64, Cell), u32);

const SHARDS: usize = 16;
/// Cells that one shard tells apart between two flushes: 65,536 in all.
const CELLS_MAX: usize = 4_096;

/// Records uses.
#[derive(Default)]
pub struct Recorder {
    shards: [Mutex<HashMap<(i64, Cell), u32>>; SHARDS],
}

impl Recorder {
    /// Counts one use. Waits for nothing but another use that is being counted.
    pub fn record(&self, seen: Seen) {
        let Seen { subject, api, outcome, at } = seen;
        let shard = shard_of(&subject);
        let key = (Resolution::Minute.start_of(at.seconds()), Cell { subject, api, outcome });
        let Some(shard) = self.shards.get(shard) else { return };
        let mut cells = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_one_too_many = cells.len() >= CELLS_MAX && !cells.contains_key(&key);
        let key = if is_one_too_many { (key.0, key.1.among_others()) } else { key };
        let count = cells.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// What was counted since this was last asked, by time.
    pub(crate) fn take(&self) -> Vec<Counted> {
        let emptied = self.shards.iter().map(|shard| mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner)));
        let mut counted: Vec<Counted> = emptied.flatten().collect();
        counted.sort_unstable();
        counted
    }
}

/// The end of an id is random, and so are these shards.
fn shard_of(subject: &Subject) -> usize {
    let spread = |bytes: &[u8]| bytes.iter().rev().take(2).fold(0, |sum, byte| sum * 7 + usize::from(*byte)) % SHARDS;
    match subject {
        Subject::Client(id) => spread(id.as_str().as_bytes()),
        Subject::Key(id) => spread(&id.0),
        Subject::Api(_) | Subject::All | Subject::Unknown | Subject::Other => 0,
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::id::ClientId;

    use super::*;

    fn seen(client: &str, seconds: i64) -> Seen {
        Seen { subject: Subject::Client(ClientId::from(client)), api: None, outcome: Outcome::Issued, at: Time::from_seconds(seconds) }
    }

    #[test]
    fn uses_are_taken_once_by_their_minute() {
        let recorder = Recorder::default();
        for (client, seconds) in [("b", 61), ("a", 0), ("b", 119), ("a", 60)] {
            recorder.record(seen(client, seconds));
        }
        let taken: Vec<_> = recorder.take().into_iter().map(|((minute, cell), count)| (minute, cell.subject.to_string(), count)).collect();
        assert_eq!(taken, [(0, "client:a".to_owned(), 1), (60, "client:a".to_owned(), 1), (60, "client:b".to_owned(), 2)]);
        assert!(recorder.take().is_empty());
    }

    #[test]
    fn names_without_end_take_no_memory_without_end() {
        let recorder = Recorder::default();
        for number in 0..70_000 {
            recorder.record(seen(&format!("client_{number}"), 0));
        }
        let taken = recorder.take();
        assert!(taken.len() <= SHARDS * (CELLS_MAX + 1), "{}", taken.len());
        assert_eq!(taken.iter().map(|(_, count)| u64::from(*count)).sum::<u64>(), 70_000, "each is counted, if not by its name");
        let others = taken.iter().filter(|((_, cell), _)| cell.subject == Subject::Other).map(|(_, count)| *count).sum::<u32>();
        assert!(others >= 70_000 - 65_536, "{others}");
    }
}
