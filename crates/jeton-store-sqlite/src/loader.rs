//! Makes a data folder of rows and entries that come from elsewhere: how a backup becomes a store again.

use std::fs::{self, File};
use std::path::Path;

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Row, Table, Versioned};
use jeton_core::schema::CONTENT;
use jeton_store::checksum;
use jeton_store::group::{Salts, Transaction as _, content_row, content_until};
use jeton_store::ledger::entry::Content;
use jeton_store::ledger::{Entry, Frontier, Hash, Head};
use jeton_store::line::RowLine;
use jeton_store::load::Load;
use jeton_store::row::key_of;
use jeton_store::store::{Fault, FaultKind};
use rusqlite::Connection;

use crate::connection::{self, Purpose};
use crate::fault::fault;
use crate::folder::{self, Folder};
use crate::ledger::{self, ENTRIES};
use crate::migration;
use crate::options::Options;
use crate::read;
use crate::refused::OpenError;
use crate::slices::Slices;
use crate::statements::Statements;
use crate::transaction::{GroupTransaction, Trouble};

/// A data folder in the making. Nobody else has it, and a crash leaves nothing that opens: it becomes a store when it is finished.
pub struct Loader {
    options: Options,
    connection: Connection,
    slices: Slices,
    frontier: Frontier,
    time: Time,
    /// Whether something was deleted that may not be found in the file.
    leaves_no_trace: bool,
    folder: Folder,
}

impl Loader {
    /// Begins in a folder that is empty, or not there.
    ///
    /// # Errors
    /// In words to act on.
    pub fn begin(options: Options) -> Result<Loader, OpenError> {
        options.schema.validate().map_err(OpenError::Schema)?;
        let in_it = fs::read_dir(&options.folder).map(|mut entries| entries.next().is_some());
        if in_it.unwrap_or(false) {
            return Err(OpenError::Foreign(format!("{} is not empty, and what is in it", options.folder.display())));
        }
        let inspected = folder::inspect(&options)?;
        let mut salts = Salts::new(options.entropy);
        let head = Head { size: 0, time: Time::EPOCH, incarnation: salts.draw(), frontier: Frontier::default() };
        let folder = folder::make_ready(&options, inspected, || head)?;
        let refused = |error: rusqlite::Error| OpenError::of_sqlite(&folder.database, &error);
        let connection = connection::open(&folder.database, Purpose::Write, options.writer_cache_kib).map_err(refused)?;
        let names = migration::read_texts(&connection).map_err(refused)?.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        // What is half done is thrown away: nothing of it needs to survive a crash.
        let fast =
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN;";
        connection.execute_batch(fast).map_err(refused)?;
        let slices = Slices::among(options.schema, &names);
        Ok(Loader { options, connection, slices, frontier: Frontier::default(), time: Time::EPOCH, leaves_no_trace: false, folder })
    }

    /// Ends: the ledger goes on as this incarnation, and the folder is a store, on the disk.
    ///
    /// # Errors
    /// When the engine cannot write, or the disk does not keep it.
    pub fn finish(mut self, incarnation: [u8; 16]) -> Result<(), Fault> {
        let head = Head { size: self.frontier.size(), time: self.time, incarnation, frontier: self.frontier.clone() };
        self.write(|transaction| transaction.set_head(&head))?;
        let to_fault = |error: rusqlite::Error| fault(&error, ENTRIES);
        self.connection.execute_batch("COMMIT").map_err(to_fault)?;
        let mut connection = self.connection;
        if self.leaves_no_trace {
            connection = written_anew(connection, &self.folder.database, self.options.writer_cache_kib)?;
        }
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL;")
            .map_err(to_fault)?;
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(to_fault)?;
        if found != "ok" {
            return Err(Fault::new(FaultKind::Damaged, format!("the store that was made is damaged: {found}")));
        }
        connection.close().map_err(|(_, error)| to_fault(error))?;
        on_disk(&self.options.folder)
    }

    fn write(&mut self, work: impl FnOnce(&mut GroupTransaction<'_, '_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let to_fault = |error: rusqlite::Error| fault(&error, ENTRIES);
        let mut append = self.connection.prepare(ledger::APPEND).map_err(to_fault)?;
        let mut set_head = self.connection.prepare(ledger::SET_HEAD).map_err(to_fault)?;
        let mut statements = Statements::new(&self.connection);
        let mut transaction = GroupTransaction {
            statements: &mut statements,
            append: &mut append,
            set_head: &mut set_head,
            slices: &mut self.slices,
            made: Vec::new(),
            trouble: Trouble::None,
        };
        work(&mut transaction)
    }
}

impl Load for Loader {
    fn put(&mut self, rows: &[RowLine]) -> Result<(), Fault> {
        self.write(|transaction| {
            for RowLine { table, version, row } in rows {
                let is_versioned = matches!(table.class, Class::Authority);
                if is_versioned && transaction.version(table, &key_of(table, row))?.is_some_and(|held| held > *version) {
                    continue;
                }
                transaction.put(table, row, *version, checksum::of_row(table, row, *version))?;
            }
            Ok(())
        })
    }

    fn delete(&mut self, table: &'static Table, key: &Key, sequence: Sequence) -> Result<(), Fault> {
        self.write(|transaction| match transaction.version(table, key)? {
            Some(version) if version <= sequence => transaction.delete(table, key),
            _ => Ok(()),
        })
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        let (mut frontier, mut time) = (std::mem::take(&mut self.frontier), self.time);
        let appended = self.write(|transaction| {
            for entry in entries {
                if entry.sequence != frontier.size() {
                    let words = format!("entry {} does not follow entry {}", entry.sequence, frontier.size());
                    return Err(Fault::new(FaultKind::Engine, words));
                }
                let leaf = entry.leaf();
                transaction.append(entry, &leaf)?;
                if let Some(row) = content_row(entry)? {
                    transaction.put(&CONTENT, &row, entry.sequence, checksum::of_row(&CONTENT, &row, entry.sequence))?;
                }
                frontier.append(leaf);
                time = entry.time;
            }
            Ok(())
        });
        (self.frontier, self.time) = (frontier, time);
        appended
    }

    fn leave_no_trace(&mut self) {
        self.leaves_no_trace = true;
    }

    fn erase(&mut self, sequence: Sequence, commitment: Option<&Hash>) -> Result<Option<Content>, Fault> {
        self.leaves_no_trace = true;
        let mut found = None;
        ledger::read_entries(&self.connection, sequence, 1, &mut |entry| {
            found = Some(entry);
            true
        })?;
        let is_it = |entry: &Entry| entry.sequence == sequence && commitment.is_none_or(|commitment| entry.commitment == *commitment);
        let Some(entry) = found.filter(is_it) else { return Ok(None) };
        self.write(|transaction| transaction.erase(sequence, content_until(entry.time)))?;
        Ok(entry.content)
    }

    fn ledger(&self) -> (&Frontier, Time) {
        (&self.frontier, self.time)
    }

    fn scan(&self, table: &'static Table, each: &mut dyn FnMut(&Versioned<Row>) -> bool) -> Result<(), Fault> {
        read::scan(&self.connection, &self.slices, table, each)
    }
}

/// The same database in a file that never had in it what was deleted. Pages keep what lay on them before, also where it is overwritten: a
/// copy of a row stays behind when a page is divided.
fn written_anew(connection: Connection, database: &Path, cache_kib: u32) -> Result<Connection, Fault> {
    let to_fault = |error: rusqlite::Error| fault(&error, ENTRIES);
    let anew = database.with_extension("db.anew");
    let path = anew.to_str().ok_or_else(|| Fault::new(FaultKind::Engine, format!("{} is no text", anew.display())))?;
    connection.execute("VACUUM INTO ?1", [path]).map_err(to_fault)?;
    connection.close().map_err(|(_, error)| to_fault(error))?;
    fs::rename(&anew, database).map_err(|error| Fault::new(FaultKind::Engine, format!("{}: {error}", anew.display())))?;
    connection::open(database, Purpose::Write, cache_kib).map_err(to_fault)
}

fn on_disk(folder: &Path) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::new(FaultKind::Durability, format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
