//! Expired slices leave in short steps between groups: rows from the left edge in small ranges, then the empty table. Dropping a full
//! table at once would hold the writer while every page of it is read.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use jeton_core::moment::Time;
use jeton_core::record::Table;
use jeton_store::sql;
use jeton_store::store::Fault;
use jeton_store::table::Schema;

use crate::rows::read_values;
use crate::slices::Slices;
use crate::statements::{Statements, Verb, bind};

/// Rows that a step deletes when nobody waits: less than a tenth of a millisecond.
const IDLE_ROWS: usize = 100;
/// Rows that a step deletes behind a group, besides twice its commits: what leaves keeps pace with what comes, at a fraction of its price.
const BUSY_ROWS: usize = 32;

/// A purge under way.
pub(crate) struct Purge {
    slices: VecDeque<(&'static Table, i64)>,
    count: u64,
    reply: SyncSender<Result<u64, Fault>>,
}

/// What a step did.
pub(crate) enum Progress {
    /// There is more to do.
    More,
    /// A slice is gone.
    SliceDropped,
    /// All expired slices are gone; so many rows in all.
    Done(u64),
}

impl Purge {
    /// How long the writer rests between two steps. Without a rest it would keep a core for whole time slices of the kernel, and who answers
    /// requests on that core would wait for milliseconds.
    pub(crate) const REST: Duration = Duration::from_millis(2);

    pub(crate) fn new(schema: &Schema, slices: &Slices, now: Time, reply: SyncSender<Result<u64, Fault>>) -> Purge {
        let over = |table: &&'static Table| {
            let table: &'static Table = table;
            let is_over = move |slice: &i64| table.is_slice_over(*slice, now.seconds());
            slices.of(table).filter(is_over).map(move |slice| (table, slice)).collect::<Vec<_>>()
        };
        Purge { slices: schema.tables.iter().flat_map(over).collect(), count: 0, reply }
    }

    /// One step behind a group of so many commits, in a transaction of its own. It need not be durable at once: what it deletes is of no use to anybody, and the next
    /// group's fsync covers it.
    pub(crate) fn step(&mut self, statements: &mut Statements<'_>, slices: &mut Slices, commits: usize) -> rusqlite::Result<Progress> {
        let Some((table, slice)) = self.slices.front().copied() else { return Ok(Progress::Done(self.count)) };
        statements.connection.execute_batch("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE")?;
        let rows = if commits == 0 { IDLE_ROWS } else { BUSY_ROWS + 2 * commits };
        let is_gone = self.delete_some(statements, table, slice, rows);
        let ended = is_gone.and_then(|is_gone| statements.connection.execute_batch("COMMIT").map(|()| is_gone));
        if ended.is_err() && !statements.connection.is_autocommit() {
            statements.connection.execute_batch("ROLLBACK")?;
        }
        statements.connection.execute_batch("PRAGMA synchronous = FULL")?;
        if !ended? {
            return Ok(Progress::More);
        }
        self.slices.pop_front();
        slices.remove(table, slice);
        Ok(Progress::SliceDropped)
    }

    /// How many rows have left so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn answer(self, result: Result<u64, Fault>) {
        // Whoever asked may have gone.
        let _ = self.reply.send(result);
    }

    /// Deletes some rows from the left edge; with the last of them the table. Whether the table is gone.
    fn delete_some(&mut self, statements: &mut Statements<'_>, table: &'static Table, slice: i64, rows: usize) -> rusqlite::Result<bool> {
        let behind = statements.get(Verb::KeyBehind, table, slice)?;
        behind.raw_bind_parameter(1, i64::try_from(rows).unwrap_or(i64::MAX))?;
        let edge = behind.raw_query().next()?.map(|row| read_values(row, table.key)).transpose()?;
        if let Some(edge) = edge {
            let delete = statements.get(Verb::DeleteBefore, table, slice)?;
            bind(delete, 1, &edge)?;
            self.count += delete.raw_execute()? as u64;
            return Ok(false);
        }
        let physical = sql::physical_name(table, slice);
        let left = statements.connection.query_row(&format!("SELECT count(*) FROM \"{physical}\""), [], |row| row.get::<_, i64>(0))?;
        statements.forget(table, slice);
        statements.connection.execute_batch(&format!("DROP TABLE \"{physical}\""))?;
        self.count += u64::try_from(left).unwrap_or(0);
        Ok(true)
    }
}
