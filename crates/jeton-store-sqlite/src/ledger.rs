//! The ledger's tables: entries by sequence, and the one row of the head.

use jeton_core::id::CommitId;
use jeton_core::moment::Time;
use jeton_core::record::Value;
use jeton_core::schema::CONTENT;
use jeton_store::checksum;
use jeton_store::group::content_until;
use jeton_store::ledger::entry::Content;
use jeton_store::ledger::{Entry, Frontier, Hash, Head};
use jeton_store::store::Fault;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use crate::fault::fault;
use crate::read;
use crate::statements::Statements;

/// The name of the table of entries.
pub(crate) const ENTRIES: &str = "ledger_entry";
/// The name of the table of the head.
pub(crate) const HEAD: &str = "ledger_head";

/// What makes the table of entries. Without a row id, so that no byte of a row is one that nobody reads and no checksum covers.
pub(crate) const CREATE_ENTRIES: &str = "CREATE TABLE \"ledger_entry\" (\"sequence\" INTEGER PRIMARY KEY, \"time\" INTEGER NOT NULL, \
     \"kind\" TEXT NOT NULL, \"commit_id\" BLOB NOT NULL, \"commitment\" BLOB NOT NULL, \"salt\" BLOB, \"payload\" TEXT, \
     \"row_checksum\" INTEGER NOT NULL) STRICT, WITHOUT ROWID";
/// What makes the table of the head.
pub(crate) const CREATE_HEAD: &str = "CREATE TABLE \"ledger_head\" (\"only\" INTEGER PRIMARY KEY, \"size\" INTEGER NOT NULL, \
     \"time\" INTEGER NOT NULL, \"incarnation\" BLOB NOT NULL, \"frontier\" BLOB NOT NULL, \"row_checksum\" INTEGER NOT NULL) STRICT, WITHOUT ROWID";

pub(crate) const APPEND: &str = "INSERT INTO \"ledger_entry\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub(crate) const ERASE: &str =
    "UPDATE \"ledger_entry\" SET \"salt\" = NULL, \"payload\" = NULL WHERE \"sequence\" = ?1 AND \"salt\" IS NOT NULL";
pub(crate) const SET_HEAD: &str = "INSERT OR REPLACE INTO \"ledger_head\" VALUES (0, ?1, ?2, ?3, ?4, ?5)";
const TAIL: &str = "SELECT * FROM \"ledger_entry\" WHERE \"sequence\" >= ?1 ORDER BY \"sequence\" LIMIT ?2";
const READ_HEAD: &str = "SELECT \"size\", \"time\", \"incarnation\", \"frontier\", \"row_checksum\" FROM \"ledger_head\"";

/// Writes an entry, and with it what it says where that has no row of its own.
pub(crate) fn append(statement: &mut Statement<'_>, entry: &Entry, content: Option<&Content>, leaf: &Hash) -> rusqlite::Result<()> {
    let payload = content.map(|content| ValueRef::Text(&content.payload));
    statement
        .execute(params![
            sequence_to_sql(entry.sequence),
            entry.time.micros(),
            entry.kind,
            entry.commit.0,
            entry.commitment,
            content.map(|content| content.salt),
            ToSqlOutput::Borrowed(payload.unwrap_or(ValueRef::Null)),
            checksum::of_entry(entry, leaf),
        ])
        .map(drop)
}

/// Writes the head.
pub(crate) fn set_head(statement: &mut Statement<'_>, head: &Head) -> rusqlite::Result<()> {
    let frontier = head.frontier.roots().concat();
    let (size, time) = (sequence_to_sql(head.size), head.time.micros());
    statement.execute(params![size, time, head.incarnation, frontier, checksum::of_head(head)]).map(drop)
}

/// Reads the head; `None` when there is none.
pub(crate) fn read_head(connection: &Connection) -> Result<Option<Head>, Fault> {
    let read = |row: &Row<'_>| -> rusqlite::Result<_> {
        let frontier: Vec<u8> = row.get(3)?;
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, [u8; 16]>(2)?, frontier, row.get::<_, i64>(4)?))
    };
    let found = connection.query_row(READ_HEAD, [], read).optional().map_err(|error| fault(&error, HEAD))?;
    let Some((size, time, incarnation, frontier, stored)) = found else { return Ok(None) };
    let size = u64::try_from(size).map_err(|_| checksum::damaged(HEAD))?;
    let (roots, rest) = frontier.as_chunks::<32>();
    let frontier = Frontier::from_parts(size, roots.to_vec()).filter(|_| rest.is_empty()).ok_or_else(|| checksum::damaged(HEAD))?;
    let head = Head { size, time: Time::from_micros(time), incarnation, frontier };
    if checksum::of_head(&head) == stored { Ok(Some(head)) } else { Err(checksum::damaged(HEAD)) }
}

/// Reads entries from a sequence on, until `each` has enough.
pub(crate) fn read_entries(connection: &Connection, from: u64, limit: usize, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), Fault> {
    let mut statement = connection.prepare(TAIL).map_err(|error| fault(&error, ENTRIES))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![sequence_to_sql(from), limit]).map_err(|error| fault(&error, ENTRIES))?;
    let mut contents = Contents::new(connection);
    while let Some(row) = rows.next().map_err(|error| fault(&error, ENTRIES))? {
        let (mut entry, stored) = read_entry(row).map_err(|error| fault(&error, ENTRIES))?;
        if entry.content.is_none() {
            entry.content = contents.of(entry.sequence, entry.time)?;
        }
        if checksum::of_entry(&entry, &entry.leaf()) != stored {
            return Err(checksum::damaged(ENTRIES));
        }
        if !each(entry) {
            break;
        }
    }
    Ok(())
}

/// What entries say, read along with them.
struct Contents<'c> {
    statements: Statements<'c>,
    /// The slice that was read last, and whether it is there.
    slice: Option<(i64, bool)>,
}

impl<'c> Contents<'c> {
    fn new(connection: &'c Connection) -> Contents<'c> {
        Contents { statements: Statements::new(connection), slice: None }
    }

    fn of(&mut self, sequence: u64, time: Time) -> Result<Option<Content>, Fault> {
        let slice = CONTENT.slice_of_row(&vec![Value::Int(content_until(time))]);
        let is_there = match self.slice {
            Some((of, is_there)) if of == slice => is_there,
            _ => {
                let is_there = !read::is_gone(self.statements.connection, &CONTENT, slice);
                self.slice = Some((slice, is_there));
                is_there
            }
        };
        if !is_there {
            return Ok(None);
        }
        let found = self.statements.row(&CONTENT, slice, &vec![Value::Int(sequence_to_sql(sequence))])?;
        Ok(found.and_then(|row| Content::from_row(&row.record)))
    }
}

/// An entry and its stored checksum.
fn read_entry(row: &Row<'_>) -> rusqlite::Result<(Entry, i64)> {
    let salt: Option<[u8; 16]> = row.get(5)?;
    let payload = match row.get_ref(6)? {
        ValueRef::Text(payload) => Some(payload.to_vec()),
        _ => None,
    };
    let content = salt.zip(payload).map(|(salt, payload)| Content { salt, payload });
    let entry = Entry {
        sequence: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(u64::MAX),
        time: Time::from_micros(row.get(1)?),
        kind: row.get(2)?,
        commit: CommitId(row.get(3)?),
        commitment: row.get(4)?,
        content,
    };
    Ok((entry, row.get(7)?))
}

/// A sequence as an integer of SQL, which ends at 2⁶³.
pub(crate) fn sequence_to_sql(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
