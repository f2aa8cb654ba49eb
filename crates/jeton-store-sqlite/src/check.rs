//! The full check: every page, every row, every entry.
//!
//! What holds rows is covered twice: SQLite's `integrity_check` walks every page's structure and compares each index with its table, and
//! every row carries a checksum over what it means; the ledger's entries are covered by the head's root besides. Space of a page that no
//! row uses holds nothing and is not looked at. Neither says that a row is missing, or one too many: the rows are compared with what the
//! ledger tells of them.

use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Table, Value};
use jeton_store::ledger::audit::{self, Claims, IssuedRows};
use jeton_store::ledger::comparison::{Comparison, Difference};
use jeton_store::ledger::{Entry, Hash, Head, issued_leaf};
use jeton_store::row::key_of;
use jeton_store::sql;
use jeton_store::store::{Fault, FaultKind};
use jeton_store::table::Schema;
use rusqlite::Connection;

use crate::connection::{self, Purpose};
use crate::fault::fault;
use crate::folder;
use crate::ledger;
use crate::migration;
use crate::options::Options;
use crate::refused::OpenError;
use crate::rows::RowReader;
use crate::slices::Slices;
use crate::store::SqliteStore;

/// What a full check is told.
pub struct CheckOptions<'a> {
    /// Now, which says what slices may be gone.
    pub now: Time,
    /// Sizes and roots that are known from elsewhere: signed checkpoints.
    pub checkpoints: &'a [(u64, Hash)],
    /// Hears what is looked at next, and of each 100,000 rows.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The structure of every page.
    Pages,
    /// The rows of a table: so many so far.
    Rows(&'a str, u64),
    /// The ledger.
    Ledger,
}

/// What a full check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What is wrong, in words; empty when nothing is.
    pub findings: Vec<String>,
    /// Where rows are not those that the ledger tells of; looked for where the ledger itself is in order.
    pub differences: Vec<Difference>,
    /// Rows that were read.
    pub rows: u64,
    /// What the ledger's audit counted, if it passed.
    pub ledger: Option<audit::Report>,
    /// The head that it arrived at, if it passed.
    pub head: Option<Head>,
}

/// Findings told in full; one bad disk can make millions.
const FINDINGS_MAX: usize = 1_000;

impl SqliteStore {
    /// Checks everything while the engine serves, as of one moment. Until it is done the write-ahead log grows with what is committed
    /// meanwhile.
    ///
    /// # Errors
    /// When the check itself cannot run; what it finds is in the report.
    pub fn check_full(&self, options: &mut CheckOptions<'_>) -> Result<CheckReport, Fault> {
        let pooled = self.pool.take()?;
        let connection = pooled.connection()?;
        connection.execute_batch("BEGIN").map_err(|error| fault(&error, ledger::HEAD))?;
        Ok(run(connection, self.shared.schema, options))
    }
}

/// Checks a data folder that no process has open: also one that does not open any more.
///
/// # Errors
/// When the folder is not Jeton's, is newer, is in use, or cannot be read.
pub fn check_folder(folder: &Options, options: &mut CheckOptions<'_>) -> Result<CheckReport, OpenError> {
    let (database, _lock) = folder::take_existing(folder)?;
    let connection = connection::open(&database, Purpose::Read, 8 << 10).map_err(|error| OpenError::of_sqlite(&database, &error))?;
    Ok(run(&connection, folder.schema, options))
}

/// Audits the ledger of a data folder that no process has open: every entry, and the rows that entries issued; nothing else is looked at.
///
/// # Errors
/// When the folder is not Jeton's, is newer, is in use, or cannot be read.
pub fn audit_folder(folder: &Options, options: &mut CheckOptions<'_>) -> Result<CheckReport, OpenError> {
    let (database, _lock) = folder::take_existing(folder)?;
    let connection = connection::open(&database, Purpose::Read, 8 << 10).map_err(|error| OpenError::of_sqlite(&database, &error))?;
    let mut report = CheckReport::default();
    let texts = migration::read_texts(&connection).map_err(|error| OpenError::of_sqlite(&database, &error))?;
    let names: Vec<_> = texts.into_iter().map(|(name, _)| name).collect();
    let issuing = |table: &&'static Table| matches!(table.class, Class::Credential { .. });
    let tables: Vec<_> = folder.schema.tables.iter().copied().filter(issuing).collect();
    let rows = check_tables(&connection, &tables, &Slices::among(folder.schema, &names), None, &mut report, options.progress);
    check_ledger(&connection, folder.schema, rows, &mut report, options);
    Ok(report)
}

/// Entries of a data folder that no process has open, and how many there are: those from a sequence on, or the last.
///
/// # Errors
/// When the folder is not Jeton's, is newer, is in use, is damaged there, or cannot be read.
pub fn entries_of_folder(folder: &Options, from: Option<u64>, limit: usize) -> Result<(Vec<Entry>, u64), OpenError> {
    let (database, _lock) = folder::take_existing(folder)?;
    let connection = connection::open(&database, Purpose::Read, 8 << 10).map_err(|error| OpenError::of_sqlite(&database, &error))?;
    let damaged = |fault: Fault| OpenError::Damaged(format!("{}: {fault}", database.display()));
    let size = ledger::read_head(&connection).map_err(damaged)?.map_or(0, |head| head.size);
    let from = from.unwrap_or_else(|| size.saturating_sub(limit as u64));
    let mut entries = Vec::new();
    let read = ledger::read_entries(&connection, from, limit, &mut |entry| {
        entries.push(entry);
        true
    });
    read.map_err(damaged)?;
    Ok((entries, size))
}

fn run(connection: &Connection, schema: &'static Schema, options: &mut CheckOptions<'_>) -> CheckReport {
    let mut report = CheckReport::default();
    (options.progress)(Progress::Pages);
    report.findings.extend(check_pages(connection));
    let texts = migration::read_texts(connection).unwrap_or_else(|error| {
        report.findings.push(format!("which tables there are: {error}"));
        Vec::new()
    });
    if !migration::check_texts(schema, schema.version, &texts).unwrap_or(false) {
        report.findings.push("the tables are not those of this schema".into());
    }
    let names: Vec<_> = texts.into_iter().map(|(name, _)| name).collect();
    let comparison = Comparison::of(schema, options.now);
    let rows = check_tables(connection, schema.tables, &Slices::among(schema, &names), comparison, &mut report, options.progress);
    check_ledger(connection, schema, rows, &mut report, options);
    report.differences.truncate(FINDINGS_MAX);
    if report.findings.len() > FINDINGS_MAX {
        let more = report.findings.len() - FINDINGS_MAX;
        report.findings.truncate(FINDINGS_MAX);
        report.findings.push(format!("and {more} more"));
    }
    report
}

/// What the ledger answers for.
struct ToldRows {
    issued: IssuedRows,
    comparison: Option<Comparison>,
}

/// Reads every row of these tables, and returns what of them the ledger answers for.
fn check_tables(
    connection: &Connection,
    tables: &[&'static Table],
    slices: &Slices,
    comparison: Option<Comparison>,
    report: &mut CheckReport,
    progress: &mut dyn FnMut(Progress<'_>),
) -> ToldRows {
    let mut told = ToldRows { issued: IssuedRows::default(), comparison };
    for table in tables {
        for slice in slices.of(table) {
            check_rows(connection, table, slice, &mut told, report, progress);
        }
    }
    told
}

fn check_ledger(connection: &Connection, schema: &Schema, rows: ToldRows, report: &mut CheckReport, options: &mut CheckOptions<'_>) {
    (options.progress)(Progress::Ledger);
    match audit_ledger(connection, schema, rows, options) {
        Ok((audited, head, differences)) => {
            (report.ledger, report.head, report.differences) = (Some(audited), Some(head), differences);
        }
        Err(finding) => report.findings.push(format!("ledger: {finding}")),
    }
}

fn check_pages(connection: &Connection) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
        let lines = statement.query_map([], |row| row.get(0))?;
        lines.collect()
    };
    // A database that cannot be read through is what was looked for.
    let lines = read().unwrap_or_else(|error| vec![error.to_string()]);
    lines.into_iter().filter(|line| line != "ok").map(|line| format!("pages: {line}")).collect()
}

fn check_rows(
    connection: &Connection,
    table: &'static Table,
    slice: i64,
    told: &mut ToldRows,
    report: &mut CheckReport,
    progress: &mut dyn FnMut(Progress<'_>),
) {
    let physical = sql::physical_name(table, slice);
    progress(Progress::Rows(&physical, 0));
    let mut before: Option<Key> = None;
    let mut count = 0;
    let mut walk = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&sql::scan(table, &physical))?;
        let mut rows = statement.query([])?;
        let mut reader = RowReader::new(table);
        while let Some(row) = rows.next()? {
            count += 1;
            if count % 100_000 == 0 {
                progress(Progress::Rows(&physical, count));
            }
            match reader.read(row) {
                Ok(row) => {
                    if matches!(table.class, Class::Credential { .. }) {
                        told.issued.add(table, row.version, issued_leaf(table, &row.record));
                    }
                    if let Some(comparison) = &mut told.comparison {
                        comparison.row(table, row.version, &row.record);
                    }
                    if table.slice_of_row(&row.record) != slice {
                        report.findings.push(format!("`{physical}`: row {count} belongs to another slice"));
                    }
                    before = Some(key_of(table, &row.record));
                }
                Err(_) => {
                    let place = before.as_ref().map(|key| format!(" (after {})", shown(key))).unwrap_or_default();
                    report.findings.push(format!("`{physical}`: row {count}{place} is not what was written"));
                }
            }
        }
        Ok(())
    };
    let walked = walk();
    report.rows += count;
    if let Err(error) = walked {
        report.findings.push(format!("`{physical}`: {error}"));
    }
}

/// A key for people.
fn shown(key: &Key) -> String {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let value = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => format!("`{text}`"),
        Value::Bytes(bytes) => hexadecimal(bytes),
        Value::Id(bytes) => hexadecimal(bytes),
        Value::Hash(bytes) => hexadecimal(bytes),
    };
    key.iter().map(value).collect::<Vec<_>>().join(", ")
}

fn audit_ledger(
    connection: &Connection,
    schema: &Schema,
    rows: ToldRows,
    options: &CheckOptions<'_>,
) -> Result<(audit::Report, Head, Vec<Difference>), audit::Finding> {
    let finding = |fault: Fault| audit::Finding { sequence: None, what: fault.to_string() };
    let head = ledger::read_head(connection).map_err(finding)?;
    let head = head.ok_or_else(|| finding(Fault::new(FaultKind::Damaged, "there is no head")))?;
    let claims = Claims { tables: schema.tables, head: &head, checkpoints: options.checkpoints, now: options.now };
    let ToldRows { issued, mut comparison } = rows;
    let entries = Entries { connection, next: 0, read: Vec::new().into_iter(), is_over: false };
    let heard = entries.inspect(|entry| {
        if let (Some(comparison), Ok(entry)) = (&mut comparison, entry) {
            comparison.entry(entry);
        }
    });
    let audited = audit::audit(heard, issued, &claims)?;
    Ok((audited, head, comparison.map(Comparison::end).unwrap_or_default()))
}

/// The entries of a ledger, read some at a time.
struct Entries<'c> {
    connection: &'c Connection,
    next: u64,
    read: std::vec::IntoIter<Entry>,
    is_over: bool,
}

const ENTRIES_AT_A_TIME: usize = 1_024;

impl Iterator for Entries<'_> {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Result<Entry, Fault>> {
        if let Some(entry) = self.read.next() {
            return Some(Ok(entry));
        }
        if self.is_over {
            return None;
        }
        let mut entries = Vec::with_capacity(ENTRIES_AT_A_TIME);
        let read = ledger::read_entries(self.connection, self.next, ENTRIES_AT_A_TIME, &mut |entry| {
            entries.push(entry);
            true
        });
        if let Err(fault) = read {
            self.is_over = true;
            return Some(Err(fault));
        }
        self.is_over = entries.len() < ENTRIES_AT_A_TIME;
        self.next = entries.last().map_or(self.next, |last| last.sequence.saturating_add(1));
        self.read = entries.into_iter();
        self.read.next().map(Ok)
    }
}
