//! One suite that every engine runs: random stories from a seed, whose transcripts are the same, byte for byte, on every engine.

mod chance;
mod story;
mod tables;

pub use tables::{CLIENTS, COUNTS, GRANTS, KEYS, LAST, NEGATIVES, SCHEMA, TOKENS};

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use jeton_core::moment::Time;
use jeton_core::record::{Key, Row, Table, Value, Versioned};
use tokio::sync::oneshot;

use crate::find::{Direction, Find};
use crate::ledger::audit::{self, Claims, IssuedRows};
use crate::ledger::merkle::hexadecimal;
use crate::row::{compare_all, key_of};
use crate::store::{Fault, FaultKind, Fetch, Group, Noted, Store, Submission, Subscriber, View};

use chance::Chance;
use story::Story;

/// The seed of salts and incarnation that `make` opens its engine with.
pub const ENTROPY: [u8; 32] = [0x5a; 32];

/// What a story did and saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript(pub String);

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Makes an empty engine of [`SCHEMA`] and [`ENTROPY`] that tells this subscriber.
pub type Make<'a> = &'a dyn Fn(Arc<dyn Subscriber>) -> Arc<dyn Store>;

/// Runs the story of a seed. It must not be called on an asynchronous runtime's thread: it waits for answers.
///
/// # Errors
/// When the engine fails where it must not.
pub fn run(make: Make<'_>, seed: u64) -> Result<Transcript, Fault> {
    let heard = Arc::new(Heard::default());
    let store = make(Arc::clone(&heard) as Arc<dyn Subscriber>);
    let story = Story::new(Chance::new(seed, Time::from_seconds(1_700_000_000)));
    let mut stage = Stage { store, heard, story, text: format!("story {seed}\n"), dropped_at: Time::EPOCH };
    for _ in 0..120 {
        stage.step()?;
    }
    stage.audit()?;
    Ok(Transcript(stage.text))
}

struct Stage {
    store: Arc<dyn Store>,
    heard: Arc<Heard>,
    story: Story,
    text: String,
    /// The latest time for which slices were dropped.
    dropped_at: Time,
}

impl Stage {
    fn step(&mut self) -> Result<(), Fault> {
        match self.story.chance.below(14) {
            12 => self.note_usage(),
            13 => self.read_usage(),
            0 => self.read_rows(),
            1 => self.read_ranges(),
            2 => self.scan(),
            3 => self.fetch(),
            4 => self.tail(),
            5 => self.look_up(),
            6 => self.drop_expired(),
            _ => self.commit(),
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.story.advance();
        self.story.head = self.store.head().time;
        let mut batch = Vec::new();
        let mut answers = Vec::new();
        {
            let view = self.store.view()?;
            for _ in 0..=self.story.chance.below(7) {
                let (reply, answer) = oneshot::channel();
                let commit = self.story.commit(&*view)?;
                let owner = Arc::from(if commit.writes.len() > 1 { "red" } else { "blue" });
                answers.push((commit.id, answer));
                batch.push(Submission { commit, owner, reply });
            }
        }
        self.store.submit(batch);
        for (id, answer) in answers {
            let answer = answer.blocking_recv().map_err(|_| Fault::new(FaultKind::Closed, "a commit was not answered"))?;
            self.note(&format_args!("commit {id} {answer:?}"));
        }
        let heard = std::mem::take(&mut *self.heard.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.text.push_str(&heard);
        self.note(&format_args!("head {}", head(&self.store)));
        Ok(())
    }

    /// Usage moves no head, no entry and no version of another's row.
    fn note_usage(&mut self) -> Result<(), Fault> {
        let before = head(&self.store);
        let writes = self.story.usage();
        let (reply, answer) = oneshot::channel();
        self.store.note(Noted { together: writes.len() / 2, writes }, reply);
        let answer = answer.blocking_recv().map_err(|_| Fault::new(FaultKind::Closed, "a note was not answered"))?;
        self.note(&format_args!("noted {answer:?} head {} was {before}", head(&self.store)));
        Ok(())
    }

    fn read_usage(&mut self) -> Result<(), Fault> {
        let key = self.story.usage_key();
        let prefixes = [key.clone(), key.iter().take(2).cloned().collect(), key.iter().take(1).cloned().collect(), vec![]];
        let limit = 1 + usize::try_from(self.story.chance.below(6)).unwrap_or(0);
        let mut text = String::new();
        let view = self.store.view()?;
        for prefix in prefixes {
            let rows = view.starting_with(&COUNTS, &prefix, limit)?;
            let _ = writeln!(text, "starting with {prefix:?} {limit} {rows:?}");
        }
        for prefix in [vec![], vec![Value::text("ada")], vec![Value::text("ada"), Value::Int(1)]] {
            let _ = writeln!(text, "starting with {prefix:?} {:?}", view.starting_with(&LAST, &prefix, limit)?);
        }
        let _ = writeln!(text, "get {key:?} {:?}", view.get(&COUNTS, &key)?);
        let _ = writeln!(text, "clients {:?}", view.starting_with(&CLIENTS, &self.story.client_key(), limit)?);
        drop(view);
        self.text.push_str(&text);
        Ok(())
    }

    fn read_rows(&mut self) -> Result<(), Fault> {
        let reads = [
            (&CLIENTS, self.story.client_key()),
            (&GRANTS, [self.story.client_key(), vec![Value::Int(1)]].concat()),
            (&TOKENS, self.story.credential()),
            (&KEYS, self.story.credential()),
            (&NEGATIVES, [vec![Value::Int(0)], self.story.credential()].concat()),
        ];
        let view = self.store.view()?;
        let mut text = format!("as of {}\n", view.as_of());
        for (table, key) in reads {
            let _ = writeln!(text, "get {} {key:?} {:?}", table.name, view.get(table, &key)?);
        }
        drop(view);
        self.text.push_str(&text);
        Ok(())
    }

    fn read_ranges(&mut self) -> Result<(), Fault> {
        let mut text = String::new();
        let view = self.store.view()?;
        for _ in 0..4 {
            let (table, index, prefix): (_, _, Key) = match self.story.chance.below(5) {
                0 => (&CLIENTS, 0, vec![]),
                1 => (&CLIENTS, 0, vec![Value::text("ada")]),
                2 => (&CLIENTS, 1, vec![]),
                3 => (&CLIENTS, 1, vec![self.story.owner()]),
                _ => (&GRANTS, 0, vec![Value::Int(1)]),
            };
            let limit = 1 + usize::try_from(self.story.chance.below(5)).unwrap_or(0);
            pages(&*view, table, index, &prefix, limit, &mut text)?;
        }
        for _ in 0..6 {
            let chance = &mut self.story.chance;
            let (size, client) = (vec![Value::Int(i64::try_from(chance.below(9)).unwrap_or(0))], self.story.client_key());
            let owner = vec![self.story.owner()];
            let (table, index, prefix, bound) = match self.story.chance.below(6) {
                0 => (&CLIENTS, None, vec![], client),
                1 => (&CLIENTS, Some(1), owner, size),
                2 => (&GRANTS, Some(0), vec![], size),
                3 => (&GRANTS, Some(0), size, client),
                4 => (&GRANTS, None, client, size),
                _ => (&GRANTS, None, vec![], client),
            };
            let (from, until) = (self.story.chance.once_in(3), self.story.chance.once_in(3));
            let direction = if self.story.chance.once_in(2) { Direction::Forward } else { Direction::Backward };
            let limit = 1 + usize::try_from(self.story.chance.below(5)).unwrap_or(0);
            let bound = bound.first();
            let (from, until) = (bound.filter(|_| from), bound.filter(|_| until));
            found_pages(&*view, &Find { table, index, prefix: &prefix, from, until, after: None, direction, limit }, &mut text)?;
        }
        drop(view);
        self.text.push_str(&text);
        Ok(())
    }

    fn scan(&mut self) -> Result<(), Fault> {
        let most = self.story.chance.below(40);
        let mut text = String::new();
        let view = self.store.view()?;
        for table in SCHEMA.tables {
            let mut left = most;
            view.scan(table, &mut |row| {
                let _ = writeln!(text, "scan {} {row:?}", table.name);
                left = left.saturating_sub(1);
                left > 0
            })?;
        }
        let pace = 1 + self.story.chance.below(9);
        SCHEMA.tables.iter().try_for_each(|table| walked_is_scanned(&*view, table, usize::try_from(pace).unwrap_or(1)))?;
        drop(view);
        self.text.push_str(&text);
        Ok(())
    }

    fn fetch(&mut self) -> Result<(), Fault> {
        let mut answers = Vec::new();
        let mut batch = Vec::new();
        for _ in 0..4 {
            let (reply, answer) = oneshot::channel();
            answers.push(answer);
            let (table, key) =
                if self.story.chance.once_in(3) { (&CLIENTS, self.story.client_key()) } else { (&TOKENS, self.story.credential()) };
            batch.push(Fetch { table, key, reply });
        }
        self.store.fetch(batch);
        for answer in answers {
            let row: Option<Versioned<Row>> =
                answer.blocking_recv().map_err(|_| Fault::new(FaultKind::Closed, "a fetch was not answered"))??;
            self.note(&format_args!("fetch {row:?}"));
        }
        Ok(())
    }

    fn tail(&mut self) -> Result<(), Fault> {
        let from = self.story.chance.below(self.store.head().size + 2);
        let limit = usize::try_from(self.story.chance.below(9)).unwrap_or(0);
        for entry in self.store.tail(from, limit)? {
            self.note(&format_args!("entry {entry:?}"));
        }
        Ok(())
    }

    fn look_up(&mut self) -> Result<(), Fault> {
        let size = self.store.head().size;
        let from = self.story.chance.below(size + 1);
        for entry in self.store.tail(from, 2)? {
            let found = self.store.look_up(entry.commit)?;
            self.note(&format_args!("look up {} {found:?}", entry.commit));
        }
        if let Some(Value::Id(id)) = self.story.credential().pop() {
            let found = self.store.look_up(jeton_core::id::CommitId(id))?;
            self.note(&format_args!("look up {found:?}"));
        }
        Ok(())
    }

    fn drop_expired(&mut self) -> Result<(), Fault> {
        self.dropped_at = self.dropped_at.max(self.story.now());
        let dropped = self.store.drop_expired(self.story.now())?;
        self.note(&format_args!("dropped {dropped}"));
        // No row changes by it.
        self.store.wipe_deleted()?;
        Ok(())
    }

    /// The ledger that the story made, audited from its first entry on.
    fn audit(&mut self) -> Result<(), Fault> {
        let entries = self.store.tail(0, usize::MAX)?;
        let issued = IssuedRows::of_view(&*self.store.view()?, SCHEMA.tables)?;
        let claims = Claims { tables: SCHEMA.tables, head: &self.store.head(), checkpoints: &[], now: self.dropped_at };
        let report = audit::audit(entries.into_iter().map(Ok), issued, &claims)
            .map_err(|finding| Fault::new(FaultKind::Damaged, finding.to_string()))?;
        self.note(&format_args!("head {} {report:?}", head(&self.store)));
        Ok(())
    }

    fn note(&mut self, line: &dyn fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }
}

/// Walks a range page by page.
fn pages(view: &dyn View, table: &'static Table, index: usize, prefix: &Key, limit: usize, text: &mut String) -> Result<(), Fault> {
    let mut after: Option<Key> = None;
    loop {
        let rows = view.range(table, index, prefix, after.as_ref(), limit)?;
        let _ = writeln!(text, "range {} {index} {prefix:?} {after:?} {limit} {rows:?}", table.name);
        match rows.last() {
            Some(last) if rows.len() == limit => after = Some(key_of(table, &last.record)),
            _ => return Ok(()),
        }
    }
}

/// Walks what is looked for page by page.
fn found_pages(view: &dyn View, sought: &Find<'_>, text: &mut String) -> Result<(), Fault> {
    let order = sought.order().unwrap_or_default();
    let mut after: Option<Key> = None;
    loop {
        let find = Find { after: after.as_deref(), ..*sought };
        let rows = view.find(&find)?;
        let _ = writeln!(text, "find {} {find:?} {rows:?}", sought.table.name);
        let place = |row: &Row| order.iter().skip(sought.prefix.len()).filter_map(|column| row.get(*column).cloned()).collect();
        match rows.last() {
            Some(last) if rows.len() == sought.limit => after = Some(place(&last.record)),
            _ => return Ok(()),
        }
    }
}

fn head(store: &Arc<dyn Store>) -> String {
    let head = store.head();
    format!("{} {:?} {:?} {}", head.size, head.time, head.incarnation, hexadecimal(&head.frontier.root()))
}

/// A subscriber that writes down what it hears.
/// Who walks through a table some rows at a time sees what one scan sees.
fn walked_is_scanned(view: &dyn View, table: &'static Table, pace: usize) -> Result<(), Fault> {
    let (mut scanned, mut walked) = (Vec::new(), Vec::<Versioned<Row>>::new());
    view.scan(table, &mut |row| {
        scanned.push(row.clone());
        true
    })?;
    loop {
        let rows = view.walk(table, None, walked.last().map(|row| &row.record), pace)?;
        if rows.is_empty() {
            break;
        }
        walked.extend(rows);
    }
    let missed = || Fault::new(FaultKind::Engine, format!("a walk through `{}` missed rows", table.name));
    if walked != scanned {
        return Err(missed());
    }
    let Some(middle) = scanned.get(scanned.len() / 2).map(|row| key_of(table, &row.record)) else { return Ok(()) };
    let mut walked = Vec::<Versioned<Row>>::new();
    loop {
        let rows = view.walk(table, Some(&middle), walked.last().map(|row| &row.record), pace)?;
        if rows.is_empty() {
            break;
        }
        walked.extend(rows);
    }
    scanned.retain(|row| compare_all(&key_of(table, &row.record), &middle).is_gt());
    if walked == scanned { Ok(()) } else { Err(missed()) }
}

#[derive(Default)]
struct Heard(Mutex<String>);

impl Subscriber for Heard {
    fn applied(&self, group: &Group<'_>) -> Result<(), Fault> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (sequence, commit) in group.commits {
            let _ = writeln!(text, "applied {sequence} {}", commit.id);
        }
        for entry in group.entries {
            let _ = writeln!(text, "told {} {} {}", entry.sequence, entry.kind, hexadecimal(&entry.commitment));
        }
        let _ = writeln!(text, "group of size {}", group.head.size);
        Ok(())
    }

    fn lost(&self, fault: &Fault) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(text, "lost {fault}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn a_story_is_told_the_same_twice_and_differs_by_its_seed() {
        let make = |subscriber| MemoryStore::new(&SCHEMA, ENTROPY, subscriber) as Arc<dyn Store>;
        let told = run(&make, 1).unwrap();
        assert_eq!(told, run(&make, 1).unwrap());
        assert_ne!(told.0.lines().nth(5), run(&make, 2).unwrap().0.lines().nth(5));
    }

    #[test]
    fn stories_meet_every_kind_of_answer() {
        let make = |subscriber| MemoryStore::new(&SCHEMA, ENTROPY, subscriber) as Arc<dyn Store>;
        let told: String = (0..20).map(|seed| run(&make, seed).unwrap().0).collect();
        for words in [
            "Ok(",
            "Err(Stale)",
            "Taken(Mark)",
            "Taken(Name(\"client_by_name\"))",
            "Taken(Name(\"token\"))",
            "does not fit",
            "dropped 1",
            "noted Ok",
            "only rows of usage are noted",
            "usage is noted, not committed",
        ] {
            assert!(told.contains(words), "no story meets {words}");
        }
    }
}
