//! Makes a snapshot of a store that goes on: rows are read in many short transactions, and the changes that were made meanwhile are put
//! beside them. Whoever applies those over the rows has the store as it was at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::id::least_of;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Row, Table, Value};
use jeton_core::schema::{CHANGE, CONTENT, MARK};
use jeton_core::usage::{journal, progress};
use jeton_store::ledger::Head;
use jeton_store::line::RowLine;
use jeton_store::store::{Fault, Store};
use jeton_store::table::Schema;

use crate::catch_up::{ENTRIES_AT_A_TIME, changes_between};
use crate::entry_line::{self, HeadLine};
use crate::failure::Failure;
use crate::files::{Sources, Taking};
use crate::kept_file::{FilesLine, KeptFile};
use crate::manifest::{Canaries, Manifest, Part};
use crate::names::SnapshotId;
use crate::object::{self, Kind};
use crate::seal::{Lines, Sealing};
use crate::target::Target;
use crate::threads::{beside, beside_io};
use crate::told_erasures::Hearing;
use crate::usage_sum::Sum;

/// What a snapshot is made with.
pub struct Snapshot<'a> {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its tables.
    pub schema: &'static Schema,
    /// Where it goes.
    pub target: &'a Target,
    /// How it is sealed.
    pub sealing: &'a Sealing,
    /// Its name.
    pub id: SnapshotId,
    /// What the manifest says beside what was read.
    pub beside: Beside,
    /// Told how many lines were read so far.
    pub progress: &'a (dyn Fn(u64) + Send + Sync),
}

/// What a manifest says beside what was read.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The server's own identity, sealed, in hexadecimal.
    pub server_identity: Option<String>,
    /// What was planted for a drill to find.
    pub canaries: Option<Canaries>,
    /// The files that go with it.
    pub sources: Sources,
    /// What an earlier snapshot took up of them: it need not be put again.
    pub known: Vec<KeptFile>,
}

/// How many rows one transaction reads.
const ROWS_AT_A_TIME: usize = 2_000;
/// How many bytes a part has before it is packed, about.
const PART_BYTES: usize = 4 * 1024 * 1024;
/// How much later a credential may be written than its id says, in seconds: it is decided before it is committed.
const LATE_SECONDS: i64 = 60;

/// The tables whose rows are in a snapshot: all but those that come with the ledger or are forgotten by a restore.
pub fn tables(schema: &'static Schema) -> impl Iterator<Item = &'static Table> {
    let left_out = |table: &Table| [&CONTENT, &CHANGE, &MARK].iter().any(|other| std::ptr::eq(*other, table));
    schema.tables.iter().copied().filter(move |table| !left_out(table))
}

/// The same in the order in which they are read. How far counting has come is read before what was counted, and the journal of the open minute
/// last: whichever minutes end meanwhile, all of it is in the one or the other.
fn in_reading_order(schema: &'static Schema) -> Vec<&'static Table> {
    let place = |table: &&Table| match () {
        () if std::ptr::eq(*table, &progress::TABLE) => 0,
        () if std::ptr::eq(*table, &journal::TABLE) => 2,
        () => 1,
    };
    let mut tables: Vec<_> = tables(schema).collect();
    tables.sort_by_key(place);
    tables
}

struct Making<'s, 'a> {
    snapshot: &'s Snapshot<'a>,
    lines: Lines,
    parts: Vec<Part>,
    rows: BTreeMap<String, u64>,
    usage: BTreeMap<String, Sum>,
    erasures: Hearing,
    read: u64,
}

impl Snapshot<'_> {
    /// Makes it.
    ///
    /// # Errors
    /// [`Failure`]; what was written then is no snapshot.
    pub async fn make(&self, began: Time, now: impl Fn() -> Time) -> Result<Manifest, Failure> {
        let manifest = self.write(began, now).await?;
        self.finish(&manifest).await?;
        Ok(manifest)
    }

    /// Writes all of it but the manifest: it is no snapshot yet.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn write(&self, began: Time, now: impl Fn() -> Time) -> Result<Manifest, Failure> {
        let from = self.store.head().size;
        let lines = self.sealing.begin(Kind::Part, &self.id.part(1))?;
        let (rows, usage, erasures) = (BTreeMap::new(), BTreeMap::new(), Hearing::default());
        let mut making = Making { snapshot: self, lines, parts: Vec::new(), rows, usage, erasures, read: 0 };
        for table in in_reading_order(self.schema) {
            making.table(table, None).await?;
        }
        let head = self.store.head();
        making.entries(&head).await?;
        for table in tables(self.schema).filter(|table| matches!(table.class, Class::Credential { .. })) {
            // What was issued while the tables before were read.
            making.table(table, Some(vec![Value::Id(least_of(began.plus_seconds(-LATE_SECONDS)))])).await?;
        }
        making.changes(from, head.size).await?;
        making.end_part(false).await?;
        let taking = Taking { target: self.target, sealing: self.sealing, id: &self.id, known: &self.beside.known };
        let files = taking.take(&self.beside.sources).await?;
        Ok(Manifest {
            snapshot: self.id.to_string(),
            program: env!("CARGO_PKG_VERSION").into(),
            began_at_seconds: began.seconds(),
            ended_at_seconds: now().seconds(),
            from,
            head: HeadLine::of(&head),
            parts: making.parts,
            rows: making.rows,
            usage: making.usage,
            server_identity: self.beside.server_identity.clone(),
            canaries: self.beside.canaries.clone(),
            erasures: making.erasures.end(head.incarnation),
            files,
        })
    }

    /// Writes the manifest: now it is one.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn finish(&self, manifest: &Manifest) -> Result<(), Failure> {
        let name = self.id.manifest();
        let mut lines = self.sealing.begin(Kind::Manifest, &name)?;
        lines.push(&serde_json::to_string(manifest).map_err(std::io::Error::from)?);
        if !(manifest.files.is_empty() && manifest.erasures.is_empty()) {
            let files = FilesLine { files: manifest.files.clone(), erasures: manifest.erasures.clone() };
            lines.push(&serde_json::to_string(&files).map_err(std::io::Error::from)?);
        }
        Ok(self.target.put(&name, self.sealing.seal(lines)?).await?)
    }
}

impl Making<'_, '_> {
    /// The rows of a table: all, or those whose key lies above one.
    async fn table(&mut self, table: &'static Table, above: Option<Key>) -> Result<(), Failure> {
        let mut after: Option<Row> = None;
        loop {
            let (store, least, place) = (self.snapshot.store.clone(), above.clone(), after.take());
            let rows = beside(move || store.view()?.walk(table, least.as_ref(), place.as_ref(), ROWS_AT_A_TIME)).await?;
            let is_last = rows.len() < ROWS_AT_A_TIME;
            after = rows.last().map(|row| row.record.clone());
            *self.rows.entry(table.name.into()).or_default() += rows.len() as u64;
            if table.class.is_usage() {
                let sum = self.usage.entry(table.name.into()).or_default();
                rows.iter().for_each(|row| sum.add(table, &row.record));
            }
            for row in rows {
                self.lines.write(|text| RowLine::write(text, table, row.version, &row.record))?;
                self.pushed().await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The ledger, up to a head.
    async fn entries(&mut self, head: &Head) -> Result<(), Failure> {
        let mut next: Sequence = 0;
        while next < head.size {
            let store = self.snapshot.store.clone();
            let left = usize::try_from(head.size - next).unwrap_or(usize::MAX).min(ROWS_AT_A_TIME);
            let entries = beside(move || store.tail(next, left)).await?;
            if entries.is_empty() {
                return Err(Failure::Store(Fault::new(jeton_store::store::FaultKind::Damaged, format!("entry {next} is not there"))));
            }
            for entry in &entries {
                self.erasures.hear(entry);
                self.lines.write(|text| entry_line::write(text, entry)).map_err(Failure::Line)?;
                self.pushed().await?;
            }
            next += entries.len() as u64;
        }
        Ok(())
    }

    /// What was changed meanwhile.
    async fn changes(&mut self, mut from: Sequence, to: Sequence) -> Result<(), Failure> {
        while from < to {
            let (store, until) = (self.snapshot.store.clone(), to.min(from + ENTRIES_AT_A_TIME as u64));
            for (_, change) in beside(move || changes_between(&*store, from, until)).await? {
                self.lines.push(&change);
                self.pushed().await?;
            }
            from = until;
        }
        Ok(())
    }

    async fn pushed(&mut self) -> Result<(), Failure> {
        self.read += 1;
        if self.read.is_multiple_of(1_024) {
            (self.snapshot.progress)(self.read);
        }
        if self.lines.bytes() >= PART_BYTES { self.end_part(true).await } else { Ok(()) }
    }

    async fn end_part(&mut self, is_more: bool) -> Result<(), Failure> {
        let snapshot = self.snapshot;
        let name = snapshot.id.part(self.parts.len() + 1);
        let next = snapshot.sealing.begin(Kind::Part, &snapshot.id.part(self.parts.len() + 2))?;
        let (lines, sealing) = (std::mem::replace(&mut self.lines, next), snapshot.sealing.clone());
        let sealed = beside_io(move || sealing.seal(lines)).await?;
        self.parts.push(Part { name: name.clone(), bytes: sealed.len() as u64, sha256: object::hexadecimal(&object::sha256(&sealed)) });
        snapshot.target.put(&name, sealed).await?;
        if !is_more {
            (snapshot.progress)(self.read);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jeton_core::usage::bucket::Resolution;
    use jeton_store::schema::SCHEMA;

    use super::*;

    #[test]
    fn a_minute_that_ends_while_a_snapshot_reads_is_in_the_journal_or_in_the_counts() {
        let order = in_reading_order(&SCHEMA);
        let place = |table: &Table| order.iter().position(|of| std::ptr::eq(*of, table)).unwrap();
        assert_eq!(order.len(), tables(&SCHEMA).count());
        for counted in Resolution::ALL.map(Resolution::table) {
            assert!(place(&progress::TABLE) < place(counted) && place(counted) < place(&journal::TABLE), "{}", counted.name);
        }
    }
}
