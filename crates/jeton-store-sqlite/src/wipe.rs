//! What was deleted or replaced leaves copies in the database's file: in pages that were divided, where a row lay before it moved, and in pages
//! that are free. `secure_delete` reaches where a row lies when it goes, and none of its copies. So whoever must be forgotten is wiped out: zeros
//! over every byte that holds nothing, in short steps between groups, each a transaction that changes no row.
//!
//! A page is looked at once. What was there before is never carried into a page that was looked at: rows move as rows, a page that is taken
//! from the free ones begins with zeros, and a root is looked at before what it may take up or hand down.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use jeton_core::record::{Class, Table};
use jeton_core::schema::{CHANGE, CONTENT};
use jeton_store::sql;
use jeton_store::store::Fault;
use jeton_store::table::Schema;
use rusqlite::{Connection, OptionalExtension as _, Statement, ffi};

use crate::connection::{BUSY_WAIT, PAGE_BYTES};
use crate::ledger::ENTRIES;
use crate::page;
use crate::slices::Slices;

/// Bytes of the log before its first page, and of each page with what stands before it.
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_BYTES: u64 = PAGE_BYTES + 24;
/// Pages that a step looks at when nobody waits: about a millisecond.
const IDLE_PAGES: usize = 64;
/// Pages that a step looks at behind a group.
const BUSY_PAGES: usize = 24;
/// How often it is tried to let the log begin anew: whoever reads holds it for some milliseconds.
const TRIES: usize = 4_000;
/// While groups come, one of so many steps tries it: each try may cost what a group costs.
const BUSY_TRY_EVERY: usize = 8;
/// How many bytes of the log a step writes over.
const LOG_BYTES: u64 = 1 << 20;

/// A wiping under way.
pub(crate) struct Wipe {
    tables: VecDeque<String>,
    /// Pages that hold nothing of before any more.
    clean: HashSet<u32>,
    /// Pages of the table in front below which all are clean.
    whole: HashSet<u32>,
    /// How many rows the connection had changed when a step ended.
    changes: Option<u64>,
    /// Whether others changed rows while the table in front was gone through.
    has_changed: bool,
    is_again: bool,
    stage: Stage,
    reply: SyncSender<Result<(), Fault>>,
}

/// What is written over.
#[derive(Clone, Copy)]
enum Stage {
    /// Pages of the database.
    Pages,
    /// The log has all of them and what they were; it is tried so often to let it begin anew.
    Restart(usize),
    /// What it had before, from this byte on down.
    Log(u64),
}

/// The pages, read and written within a transaction.
struct Pages<'c> {
    read: Statement<'c>,
    write: Statement<'c>,
    left: usize,
}

impl Wipe {
    pub(crate) fn new(schema: &Schema, slices: &Slices, reply: SyncSender<Result<(), Fault>>) -> Wipe {
        // Tokens, marks, negatives and what is counted name nobody but by random ids.
        let says_something =
            |table: &&&Table| matches!(table.class, Class::Authority) || table.name == CONTENT.name || table.name == CHANGE.name;
        let tables = schema.tables.iter().filter(says_something);
        let names = tables.flat_map(|table| slices.of(table).map(|slice| sql::physical_name(table, slice)));
        Wipe {
            tables: names.chain([ENTRIES.to_owned()]).collect(),
            clean: HashSet::new(),
            whole: HashSet::new(),
            changes: None,
            has_changed: false,
            is_again: false,
            stage: Stage::Pages,
            reply,
        }
    }

    /// One step behind a group of so many commits; whether it was the last. First the pages, then the log, which has what they were before.
    pub(crate) fn step(
        &mut self,
        connection: &Connection,
        (log, checkpointing): (&Path, &Mutex<()>),
        commits: usize,
    ) -> rusqlite::Result<bool> {
        self.stage = match self.stage {
            Stage::Pages => match self.pages(connection, commits)? {
                true => Stage::Restart(0),
                false => Stage::Pages,
            },
            Stage::Restart(TRIES) => return Err(failed(ffi::SQLITE_BUSY, "the log is read all the time")),
            Stage::Restart(tries) if commits > 0 && !tries.is_multiple_of(BUSY_TRY_EVERY) => Stage::Restart(tries + 1),
            Stage::Restart(tries) => match checkpointing.try_lock() {
                Ok(_held) if restart(connection)? => Stage::Log(length(log)?),
                _ => Stage::Restart(tries + 1),
            },
            Stage::Log(until) => {
                let end = LOG_HEADER_BYTES + FRAME_BYTES * frames(connection)?;
                if until <= end {
                    return Ok(true);
                }
                let from = until.saturating_sub(LOG_BYTES).max(end);
                write_over(log, from..until)?;
                Stage::Log(from)
            }
        };
        Ok(false)
    }

    /// Whether the pages are done, and the log is next.
    pub(crate) fn is_at_log(&self) -> bool {
        matches!(self.stage, Stage::Restart(_))
    }

    /// Looks at some pages in a transaction of its own; whether all are done. It need not be durable at once: the next group's fsync covers it,
    /// or the log's beginning anew.
    fn pages(&mut self, connection: &Connection, commits: usize) -> rusqlite::Result<bool> {
        let changes = connection.total_changes();
        self.has_changed |= self.changes.is_some_and(|before| before != changes);
        connection.execute_batch("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE")?;
        let pages = if commits == 0 { IDLE_PAGES } else { BUSY_PAGES };
        let looked = Pages::of(connection, pages).and_then(|mut pages| self.look(connection, &mut pages));
        let ended = looked.and_then(|is_last| connection.execute_batch("COMMIT").map(|()| is_last));
        if ended.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        self.changes = Some(connection.total_changes());
        ended
    }

    pub(crate) fn answer(self, result: Result<(), Fault>) {
        // Whoever asked may have gone.
        let _ = self.reply.send(result);
    }

    fn look(&mut self, connection: &Connection, pages: &mut Pages<'_>) -> rusqlite::Result<bool> {
        if self.changes.is_none() {
            for table in self.tables.clone() {
                for root in roots(connection, &table)? {
                    self.clean_one(root, pages)?;
                }
            }
        }
        while let Some(table) = self.tables.front() {
            for root in roots(connection, table)? {
                if !self.clean_below(root, pages)? {
                    return Ok(false);
                }
            }
            self.end_table();
        }
        self.clean_free(pages)
    }

    /// Where rows changed meanwhile, a page may have moved from what was to be gone through to what was: once more, which costs reading alone.
    fn end_table(&mut self) {
        self.whole.clear();
        if !std::mem::take(&mut self.has_changed) || std::mem::replace(&mut self.is_again, true) {
            self.is_again = false;
            self.tables.pop_front();
        }
    }

    /// Looks at a page and what is below it; `false`: there is more.
    fn clean_below(&mut self, number: u32, pages: &mut Pages<'_>) -> rusqlite::Result<bool> {
        if self.whole.contains(&number) {
            return Ok(true);
        }
        let tree = self.clean_one(number, pages)?;
        for child in tree.children {
            if pages.left == 0 || !self.clean_below(child, pages)? {
                return Ok(false);
            }
        }
        self.whole.insert(number);
        Ok(true)
    }

    fn clean_one(&mut self, number: u32, pages: &mut Pages<'_>) -> rusqlite::Result<page::Tree> {
        let mut page = pages.count(number)?;
        let tree = page::tree(&page).ok_or_else(corrupt)?;
        if self.clean.insert(number) {
            pages.clear(number, &mut page, &tree.unused)?;
            for (first, bytes) in &tree.overflows {
                self.clean_end_of_row(*first, *bytes, pages)?;
            }
        }
        Ok(tree)
    }

    /// Only the last page on which a row goes on has bytes behind it.
    fn clean_end_of_row(&mut self, mut number: u32, mut left: usize, pages: &mut Pages<'_>) -> rusqlite::Result<()> {
        loop {
            let mut page = pages.count(number)?;
            let (next, behind) = page::row_goes_on(&page, left).ok_or_else(corrupt)?;
            self.clean.insert(number);
            if left + 4 <= page.len() {
                return pages.clear(number, &mut page, &[behind]);
            }
            left -= page.len() - 4;
            number = next;
        }
    }

    /// Free pages come last: pages of what was gone through may have become free meanwhile, and are clean.
    fn clean_free(&mut self, pages: &mut Pages<'_>) -> rusqlite::Result<bool> {
        let mut list = page::first_free(&pages.get(1)?).ok_or_else(corrupt)?;
        while list != 0 {
            let mut page = pages.get(list)?;
            let (next, free, behind) = page::free_list(&page).ok_or_else(corrupt)?;
            if self.clean.insert(list) {
                pages.clear(list, &mut page, &[behind])?;
            }
            for number in free {
                if self.clean.contains(&number) {
                    continue;
                }
                if pages.left == 0 {
                    return Ok(false);
                }
                let mut page = pages.count(number)?;
                let all = 0..page.len();
                pages.clear(number, &mut page, &[all])?;
                self.clean.insert(number);
            }
            list = next;
        }
        Ok(true)
    }
}

impl<'c> Pages<'c> {
    fn of(connection: &'c Connection, left: usize) -> rusqlite::Result<Pages<'c>> {
        let read = connection.prepare("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
        let write = connection.prepare("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?;
        Ok(Pages { read, write, left })
    }

    /// Reads one of those that a step may look at.
    fn count(&mut self, number: u32) -> rusqlite::Result<Vec<u8>> {
        self.left = self.left.saturating_sub(1);
        self.get(number)
    }

    fn get(&mut self, number: u32) -> rusqlite::Result<Vec<u8>> {
        self.read.query_row([number], |row| row.get(0)).optional()?.ok_or_else(corrupt)
    }

    fn clear(&mut self, number: u32, page: &mut [u8], unused: &[Range<usize>]) -> rusqlite::Result<()> {
        if page::clear(page, unused) {
            self.write.execute((number, &*page))?;
        }
        Ok(())
    }
}

/// Copies all of the log into the database and lets it begin anew at its beginning, where nobody reads it: whether it did. It waits for nobody,
/// since who reads would hold up the writer. The file keeps its length: a log that is shorter is taken for one that was cut off.
fn restart(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let copied = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?)));
    connection.busy_timeout(BUSY_WAIT)?;
    let (is_busy, before) = copied?;
    if is_busy {
        return Ok(false);
    }
    // Whoever writes next begins it anew.
    connection.execute("UPDATE sqlite_dbpage SET data = data WHERE pgno = 1", [])?;
    Ok(i64::try_from(frames(connection)?).unwrap_or(i64::MAX) <= before.max(1))
}

/// How many pages the log has by now.
fn frames(connection: &Connection) -> rusqlite::Result<u64> {
    let frames: i64 = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))?;
    Ok(u64::try_from(frames).unwrap_or(0))
}

fn length(log: &Path) -> rusqlite::Result<u64> {
    std::fs::metadata(log).map(|metadata| metadata.len()).map_err(of_io)
}

/// Writes zeros over bytes of the log behind its end. Only the writer writes there, and no longer than this takes.
fn write_over(log: &Path, bytes: Range<u64>) -> rusqlite::Result<()> {
    let zeros = vec![0; usize::try_from(bytes.end - bytes.start).unwrap_or(0)];
    File::options().write(true).open(log).and_then(|log| log.write_all_at(&zeros, bytes.start)).map_err(of_io)
}

/// What is written over need not be written for anything to hold: the engine stands.
fn of_io(error: std::io::Error) -> rusqlite::Error {
    failed(ffi::SQLITE_ERROR, &format!("the write-ahead log: {error}"))
}

fn failed(code: std::ffi::c_int, words: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(words.to_owned()))
}

/// The first pages of a table and its indexes; none once it was dropped.
fn roots(connection: &Connection, table: &str) -> rusqlite::Result<Vec<u32>> {
    let mut statement = connection.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?1 AND rootpage > 0")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// A page is not what SQLite writes.
fn corrupt() -> rusqlite::Error {
    failed(ffi::SQLITE_CORRUPT, "a page is not what was written")
}
