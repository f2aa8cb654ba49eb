//! The engine: its threads, and the port over them.

use std::fs::File;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};

use jeton_core::commit::Sequence;
use jeton_core::id::{CommitId, time_of};
use jeton_core::moment::Time;
use jeton_core::record::{Class, Value};
use jeton_store::group::Salts;
use jeton_store::ledger::{Entry, Frontier, Head};
use jeton_store::store::{Fault, FaultKind, Fetch, Noted, Statistics, Store, Submission, Subscriber, View};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::oneshot;

use crate::connection::{self, PAGE_BYTES, Purpose};
use crate::fault::fault;
use crate::folder::{self, Folder};
use crate::ledger::{self, ENTRIES};
use crate::note::Note;
use crate::options::Options;
use crate::panic_guard::PanicGuard;
use crate::read;
use crate::reader::{self, LookUps};
use crate::refused::OpenError;
use crate::reserve::Reserve;
use crate::shared::{Chore, Shared, closed};
use crate::start;
use crate::statements::Statements;
use crate::unopened::Unopened;
use crate::view::{Pool, SqliteView};
use crate::{checkpointer, writer};

/// The SQLite engine on a data folder.
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    look_ups: Arc<LookUps>,
    pub(crate) pool: Pool,
    threads: Vec<JoinHandle<()>>,
    log_bytes: u64,
    _folder: Folder,
}

impl SqliteStore {
    /// Opens the store of a data folder, or makes it, after a look at it ([`Unopened::look`]).
    ///
    /// # Errors
    /// In words to act on; what is refused stays as it was.
    pub fn open(options: Options, subscriber: Arc<dyn Subscriber>) -> Result<Arc<SqliteStore>, OpenError> {
        SqliteStore::open_after_look(Unopened::look(options)?, subscriber)
    }

    /// Opens the store of a data folder that was looked at, or makes it, and brings its tables up to date.
    ///
    /// # Errors
    /// In words to act on.
    pub fn open_after_look(looked_at: Unopened, subscriber: Arc<dyn Subscriber>) -> Result<Arc<SqliteStore>, OpenError> {
        let (options, inspected, found) = looked_at.into_parts();
        let mut salts = Salts::new(options.entropy);
        let first_head = Head { size: 0, time: Time::EPOCH, incarnation: salts.draw(), frontier: Frontier::default() };
        let folder = folder::make_ready(&options, inspected, || first_head)?;
        let database = folder.database.clone();
        let to_refusal = |error: rusqlite::Error| OpenError::of_sqlite(&database, &error);
        let connection = connection::open(&database, Purpose::Write, options.writer_cache_kib).map_err(to_refusal)?;
        let found = found.map_or_else(|| start::check(&connection, options.schema, &database), Ok)?;
        let found = start::bring_up_to_date(&connection, options.schema, found, &database)?;
        let lookups_connection = connection::open(&database, Purpose::Read, options.reader_cache_kib).map_err(to_refusal)?;
        let shared =
            Arc::new(Shared::new(options.schema, database.clone(), subscriber, options.limits, options.uptime, found.head, found.slices));
        let mut store = SqliteStore {
            shared: Arc::clone(&shared),
            look_ups: Arc::default(),
            pool: Pool::new(database.clone(), options.view_cache_kib),
            threads: Vec::new(),
            log_bytes: options.log_bytes,
            _folder: folder,
        };
        let reserve = Reserve::new(&options.folder, options.reserve_bytes);
        let log_pages = i64::try_from(options.log_bytes / PAGE_BYTES / 2).unwrap_or(i64::MAX);
        let started = store.start(connection, lookups_connection, salts, reserve, log_pages);
        started.map_err(|error| OpenError::Disk(format!("a thread did not start: {error}")))?;
        Ok(Arc::new(store))
    }

    fn start(&mut self, writer: Connection, reader: Connection, salts: Salts, reserve: Reserve, log_pages: i64) -> io::Result<()> {
        let (ring, rung) = mpsc::sync_channel(1);
        let shared = Arc::clone(&self.shared);
        self.spawn("jeton-writer", move || {
            if let Err(error) = writer::run(Arc::clone(&shared), &writer, salts, reserve, ring, log_pages) {
                shared.lose(&fault(&error, ENTRIES), Vec::new());
            }
        })?;
        let shared = Arc::clone(&self.shared);
        self.spawn("jeton-checkpoint", move || checkpointer::serve(&shared, &rung))?;
        let (shared, look_ups) = (Arc::clone(&self.shared), Arc::clone(&self.look_ups));
        self.spawn("jeton-reader", move || reader::serve(&shared, &reader, &look_ups))
    }

    /// Leaves the database alone as the store, and its log empty but grown, so that the next start has nothing to read or to grow.
    fn empty_log(&self) -> Result<(), Box<dyn std::error::Error>> {
        let connection = connection::open(&self.shared.database, Purpose::Checkpoint, 256)?;
        let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        tracing::debug!(is_busy, "the write-ahead log is emptied");
        folder::grow_log_again(&self.shared.database, self.log_bytes).map_err(Into::into)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let guard = PanicGuard::new(&self.shared);
        let work = move || {
            let _guard = guard;
            work();
        };
        self.threads.push(Builder::new().name(name.into()).spawn(work)?);
        Ok(())
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.close();
        self.look_ups.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        if self.shared.lost().is_none()
            && let Err(error) = self.empty_log()
        {
            tracing::warn!(%error, "the write-ahead log stays as it is");
        }
    }
}

impl Store for SqliteStore {
    fn view(&self) -> Result<Box<dyn View + '_>, Fault> {
        Ok(Box::new(SqliteView::begin(&self.pool, || self.shared.slices())?))
    }

    fn submit(&self, batch: Vec<Submission>) {
        self.shared.submit(batch);
    }

    fn fetch(&self, batch: Vec<Fetch>) {
        self.look_ups.push(batch);
    }

    fn note(&self, noted: Noted, reply: oneshot::Sender<Result<(), Fault>>) {
        if let Err(Chore::Note(note)) = self.shared.ask(Chore::Note(Note::new(noted, reply))) {
            note.answer(Err(self.shared.lost().cloned().unwrap_or_else(closed)));
        }
    }

    fn look_up(&self, commit: CommitId) -> Result<Option<Sequence>, Fault> {
        // Its group may be on the disk, but nobody took it up: it is not acknowledged.
        if let Some(fault) = self.shared.lost() {
            return Err(fault.clone());
        }
        let pooled = self.pool.take()?;
        let connection = pooled.connection()?;
        if let Some(sequence) = find_entry(connection, commit).map_err(|error| fault(&error, ENTRIES))? {
            return Ok(Some(sequence));
        }
        let (key, slices) = (vec![Value::Id(commit.0)], self.shared.slices());
        for table in self.shared.schema.tables.iter().filter(|table| matches!(table.class, Class::Credential { .. })) {
            if let Some(row) = read::get(&mut Statements::new(connection), &slices, table, &key)? {
                return Ok(Some(row.version));
            }
        }
        Ok(None)
    }

    fn tail(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Fault> {
        let pooled = self.pool.take()?;
        let mut entries = Vec::new();
        ledger::read_entries(pooled.connection()?, from, limit, &mut |entry| {
            entries.push(entry);
            true
        })?;
        Ok(entries)
    }

    fn head(&self) -> Arc<Head> {
        self.shared.head()
    }

    fn drop_expired(&self, now: Time) -> Result<u64, Fault> {
        let (reply, answer) = mpsc::sync_channel(1);
        if self.shared.ask(Chore::Purge(now, reply)).is_err() {
            return Err(self.shared.lost().cloned().unwrap_or_else(closed));
        }
        answer.recv().unwrap_or_else(|_| Err(self.shared.lost().cloned().unwrap_or_else(closed)))
    }

    fn wipe_deleted(&self) -> Result<(), Fault> {
        let (reply, answer) = mpsc::sync_channel(1);
        if self.shared.ask(Chore::Wipe(reply)).is_err() {
            return Err(self.shared.lost().cloned().unwrap_or_else(closed));
        }
        answer.recv().unwrap_or_else(|_| Err(self.shared.lost().cloned().unwrap_or_else(closed)))?;
        // What was written over is so after a loss of power, too.
        let log = folder::log_of(&self.shared.database);
        let synced = File::open(&log).and_then(|log| log.sync_data());
        synced.map_err(|error| Fault::new(FaultKind::Engine, format!("{}: {error}", log.display())))
    }

    fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }
}

/// The first entry of a commit; no index is paid for with every commit. Its id says when it was decided: the search goes back to the
/// last entry before that. Only where a new incarnation set the clock back may it lie before, so what is not found is sought in all.
fn find_entry(connection: &Connection, commit: CommitId) -> rusqlite::Result<Option<Sequence>> {
    const BEFORE: &str = "SELECT \"sequence\" FROM \"ledger_entry\" WHERE \"time\" < ?1 ORDER BY \"sequence\" DESC LIMIT 1";
    const AFTER: &str =
        "SELECT \"sequence\" FROM \"ledger_entry\" WHERE \"sequence\" > ?1 AND \"commit_id\" = ?2 ORDER BY \"sequence\" LIMIT 1";
    let before: Option<i64> = connection.query_row(BEFORE, [time_of(&commit.0).micros()], |row| row.get(0)).optional()?;
    let after = |before: i64| connection.query_row(AFTER, (before, commit.0), |row| row.get::<_, i64>(0)).optional();
    let found = match after(before.unwrap_or(-1))? {
        None if before.is_some() => after(-1)?,
        found => found,
    };
    Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
}
