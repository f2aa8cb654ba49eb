//! What is looked at before a store is opened: the tables' texts and the ledger's tail. Every row and every entry is for `check`.

use std::path::Path;

use jeton_store::ledger::{Head, merkle};
use jeton_store::store::{Fault, FaultKind};
use jeton_store::table::Schema;
use rusqlite::Connection;

use crate::before_migration;
use crate::ledger;
use crate::migration::{self, Failure};
use crate::refused::OpenError;
use crate::slices::Slices;

/// What a store starts from.
pub(crate) struct Start {
    pub(crate) head: Head,
    pub(crate) slices: Slices,
    version: u32,
    names: Vec<String>,
}

/// Checks a database, by reading alone.
pub(crate) fn check(connection: &Connection, schema: &'static Schema, database: &Path) -> Result<Start, OpenError> {
    let to_refusal = |error: rusqlite::Error| OpenError::of_sqlite(database, &error);
    let damaged = |fault: Fault| of_fault(database, &fault);
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(to_refusal)?;
    if version > schema.version {
        return Err(OpenError::Newer { found: version, known: schema.version });
    }
    let texts = migration::read_texts(connection).map_err(to_refusal)?;
    if !migration::check_texts(schema, version, &texts).map_err(|failure| of_failure(database, failure))? {
        return Err(OpenError::Damaged(format!("{}: its tables are not those of version {version}", database.display())));
    }
    let head = ledger::read_head(connection).map_err(damaged)?;
    let head = head.ok_or_else(|| OpenError::CutOff(format!("{} has no ledger", database.display())))?;
    check_tail(connection, &head).map_err(damaged)?;
    let names: Vec<_> = texts.into_iter().map(|(name, _)| name).collect();
    Ok(Start { head, slices: Slices::among(schema, &names), version, names })
}

/// Brings a database that was checked up to date.
pub(crate) fn bring_up_to_date(connection: &Connection, schema: &Schema, mut found: Start, database: &Path) -> Result<Start, OpenError> {
    let to_refusal = |error: rusqlite::Error| OpenError::of_sqlite(database, &error);
    // It was checked without a lock that other programs heed.
    let head = ledger::read_head(connection).map_err(|fault| of_fault(database, &fault))?;
    if head.as_ref() != Some(&found.head) {
        return Err(OpenError::InUse(database.display().to_string()));
    }
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(to_refusal)?;
    if mode != "wal" {
        connection.pragma_update(None, "journal_mode", "WAL").map_err(to_refusal)?;
    }
    if found.version < schema.version {
        let kept = before_migration::keep(connection, database, found.version)?;
        tracing::warn!(
            from = found.version,
            to = schema.version,
            kept = %kept.display(),
            "the tables are brought up to date; the way back: the older jeton, on a folder of its own in which this file is jeton.db"
        );
        connection.execute_batch("BEGIN IMMEDIATE").map_err(to_refusal)?;
        let migrated = migration::migrate(connection, schema, found.version, schema.version, &found.names);
        migrated.map_err(|failure| of_failure(database, failure))?;
        let names = migration::read_texts(connection).map_err(to_refusal)?.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        connection.execute_batch("COMMIT").map_err(to_refusal)?;
        (found.slices, found.version) = (Slices::among(schema, &names), schema.version);
    }
    Ok(found)
}

impl Start {
    /// The version of its tables.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }
}

fn of_fault(database: &Path, fault: &Fault) -> OpenError {
    let words = format!("{}: {fault}", database.display());
    if fault.kind == FaultKind::Damaged { OpenError::Damaged(words) } else { OpenError::Disk(words) }
}

fn of_failure(database: &Path, failure: Failure) -> OpenError {
    match failure {
        Failure::Schema(words) => OpenError::Schema(words),
        Failure::Sqlite(error) => OpenError::of_sqlite(database, &error),
    }
}

/// Subtrees of at most so many leaves are computed again.
const TAIL_LEAVES: u64 = 256;

/// Whether the last entries are the ones whose leaves the head's frontier holds.
fn check_tail(connection: &Connection, head: &Head) -> Result<(), Fault> {
    let wrong = || Fault::new(FaultKind::Damaged, "the ledger's last entries are not those of its head");
    let last: Option<i64> = connection
        .query_row("SELECT max(\"sequence\") FROM \"ledger_entry\"", [], |row| row.get(0))
        .map_err(|error| crate::fault::fault(&error, ledger::ENTRIES))?;
    if last.map_or(0, |last| last.cast_unsigned() + 1) != head.size {
        return Err(wrong());
    }
    let mut leaves = Vec::new();
    let from = head.size.saturating_sub(2 * TAIL_LEAVES);
    let mut next = from;
    ledger::read_entries(connection, from, usize::MAX, &mut |entry| {
        leaves.push(entry.leaf());
        next += u64::from(entry.sequence == next);
        true
    })?;
    if next != head.size {
        return Err(wrong());
    }
    // The frontier's subtrees from the right: their sizes are the set bits of the ledger's, smallest first.
    let mut end = leaves.len();
    let mut size = head.size;
    for root in head.frontier.roots().iter().rev() {
        let count = 1 << size.trailing_zeros();
        if count > TAIL_LEAVES {
            break;
        }
        let begin = end.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        if merkle::root(leaves.get(begin..end).unwrap_or_default().iter().copied()) != *root {
            return Err(wrong());
        }
        (end, size) = (begin, size & (size - 1));
    }
    Ok(())
}
