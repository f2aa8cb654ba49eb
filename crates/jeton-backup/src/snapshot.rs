//! Makes a snapshot of a store that goes on: rows are read in many short transactions, and the changes that were made meanwhile are put
//! beside them. Whoever applies those over the rows has the store as it was at the end.

use std::sync::Arc;

use jeton_core::id::least_of;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Key, Table, Value};
use jeton_core::schema::{CHANGE, CONTENT, MARK};
use jeton_core::usage::{journal, progress};
use jeton_store::line::RowLine;
use jeton_store::store::{Fault, Store};
use jeton_store::table::Schema;

use crate::attempt::{Attempt, Place};
use crate::catch_up::{ENTRIES_AT_A_TIME, changes_between};
use crate::entry_line::{self, HeadLine};
use crate::failure::Failure;
use crate::files::{Sources, Taking};
use crate::kept_file::{FilesLine, KeptFile};
use crate::manifest::{Canaries, Manifest, Part};
use crate::names::SnapshotId;
use crate::object::{self, Kind};
use crate::seal::Sealing;
use crate::target::Target;
use crate::threads::{beside, beside_io};

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

/// What is read, one after the other.
enum Step {
    /// The rows of a table.
    Rows(&'static Table),
    /// The ledger, up to where it ends by then.
    Entries,
    /// What was issued while the tables before were read.
    Issued(&'static Table),
    /// What was changed meanwhile.
    Changes,
    /// The last part.
    End,
}

fn steps(schema: &'static Schema) -> Vec<Step> {
    let issued = tables(schema).filter(|table| matches!(table.class, Class::Credential { .. }));
    let rows = in_reading_order(schema).into_iter().map(Step::Rows);
    rows.chain([Step::Entries]).chain(issued.map(Step::Issued)).chain([Step::Changes, Step::End]).collect()
}

struct Making<'s, 'a> {
    snapshot: &'s Snapshot<'a>,
    attempt: &'s mut Attempt,
}

impl Snapshot<'_> {
    /// Makes it.
    ///
    /// # Errors
    /// [`Failure`]; what was written then is no snapshot.
    pub async fn make(&self, began: Time, now: impl Fn() -> Time) -> Result<Manifest, Failure> {
        let manifest = self.write(&mut self.begin(began)?, now).await?;
        self.finish(&manifest).await?;
        Ok(manifest)
    }

    /// Begins it.
    ///
    /// # Errors
    /// None that memory does not meet.
    pub fn begin(&self, began: Time) -> Result<Attempt, Failure> {
        let lines = self.sealing.begin(Kind::Part, &self.id.part(1))?;
        Ok(Attempt::new(self.id.clone(), began, &self.store.head(), self.sealing, lines))
    }

    /// Writes all of it but the manifest, from where the attempt stands: it is no snapshot yet.
    ///
    /// # Errors
    /// [`Failure`]; the attempt may be gone on with where that [keeps it](Attempt::is_kept_after).
    pub async fn write(&self, attempt: &mut Attempt, now: impl Fn() -> Time) -> Result<Manifest, Failure> {
        let mut making = Making { snapshot: self, attempt };
        making.put_waiting().await?;
        for step in steps(self.schema).into_iter().skip(making.attempt.steps) {
            making.step(&step).await?;
            (making.attempt.steps, making.attempt.place) = (making.attempt.steps + 1, Place::default());
            making.put_waiting().await?;
        }
        let taking = Taking { target: self.target, sealing: self.sealing, id: &self.id, known: &self.beside.known };
        let files = taking.take(&self.beside.sources).await?;
        let head = attempt.head.clone().unwrap_or_else(|| self.store.head());
        Ok(Manifest {
            snapshot: self.id.to_string(),
            program: env!("CARGO_PKG_VERSION").into(),
            began_at_seconds: attempt.began.seconds(),
            ended_at_seconds: now().seconds(),
            from: attempt.from,
            head: HeadLine::of(&head),
            parts: attempt.parts.clone(),
            rows: attempt.rows.clone(),
            usage: attempt.usage.clone(),
            server_identity: self.beside.server_identity.clone(),
            canaries: self.beside.canaries.clone(),
            erasures: attempt.erasures.clone().end(head.incarnation),
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
    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Rows(table) => self.table(table, None).await,
            Step::Entries => self.entries().await,
            Step::Issued(table) => {
                let since = least_of(self.attempt.began.plus_seconds(-LATE_SECONDS));
                self.table(table, Some(vec![Value::Id(since)])).await
            }
            Step::Changes => self.changes().await,
            Step::End => {
                self.seal_part().await?;
                (self.snapshot.progress)(self.attempt.read);
                Ok(())
            }
        }
    }

    /// The rows of a table: all, or those whose key lies above one.
    async fn table(&mut self, table: &'static Table, above: Option<Key>) -> Result<(), Failure> {
        loop {
            let (store, least, place) = (self.snapshot.store.clone(), above.clone(), self.attempt.place.after.clone());
            let rows = beside(move || store.view()?.walk(table, least.as_ref(), place.as_ref(), ROWS_AT_A_TIME)).await?;
            let is_last = rows.len() < ROWS_AT_A_TIME;
            let after = rows.last().map(|row| row.record.clone());
            *self.attempt.rows.entry(table.name.into()).or_default() += rows.len() as u64;
            if table.class.is_usage() {
                let sum = self.attempt.usage.entry(table.name.into()).or_default();
                rows.iter().for_each(|row| sum.add(table, &row.record));
            }
            for row in rows {
                self.attempt.lines.write(|text| RowLine::write(text, table, row.version, &row.record))?;
                self.pushed().await?;
            }
            if is_last {
                return Ok(());
            }
            self.attempt.place.after = after;
            self.put_waiting().await?;
        }
    }

    /// The ledger, up to where it ends.
    async fn entries(&mut self) -> Result<(), Failure> {
        let head = self.attempt.head.get_or_insert_with(|| self.snapshot.store.head()).clone();
        while self.attempt.place.next < head.size {
            let (store, next) = (self.snapshot.store.clone(), self.attempt.place.next);
            let left = usize::try_from(head.size - next).unwrap_or(usize::MAX).min(ROWS_AT_A_TIME);
            let entries = beside(move || store.tail(next, left)).await?;
            if entries.is_empty() {
                return Err(Failure::Store(Fault::new(jeton_store::store::FaultKind::Damaged, format!("entry {next} is not there"))));
            }
            for entry in &entries {
                self.attempt.erasures.hear(entry);
                self.attempt.lines.write(|text| entry_line::write(text, entry)).map_err(Failure::Line)?;
                self.pushed().await?;
            }
            self.attempt.place.next += entries.len() as u64;
            self.put_waiting().await?;
        }
        Ok(())
    }

    /// What was changed meanwhile.
    async fn changes(&mut self) -> Result<(), Failure> {
        let to = self.attempt.head.as_ref().map_or(0, |head| head.size);
        self.attempt.place.next = self.attempt.place.next.max(self.attempt.from);
        while self.attempt.place.next < to {
            let (store, from) = (self.snapshot.store.clone(), self.attempt.place.next);
            let until = to.min(from + ENTRIES_AT_A_TIME as u64);
            for (_, change) in beside(move || changes_between(&*store, from, until)).await? {
                self.attempt.lines.push(&change);
                self.pushed().await?;
            }
            self.attempt.place.next = until;
            self.put_waiting().await?;
        }
        Ok(())
    }

    async fn pushed(&mut self) -> Result<(), Failure> {
        self.attempt.read += 1;
        if self.attempt.read.is_multiple_of(1_024) {
            (self.snapshot.progress)(self.attempt.read);
        }
        if self.attempt.lines.bytes() >= PART_BYTES { self.seal_part().await } else { Ok(()) }
    }

    /// Seals the part that is being written. It is put once all that was read with it is, so that an attempt stands where it can be gone on with.
    async fn seal_part(&mut self) -> Result<(), Failure> {
        let (snapshot, number) = (self.snapshot, self.attempt.parts.len() + 1);
        let next = snapshot.sealing.begin(Kind::Part, &snapshot.id.part(number + 1))?;
        let (lines, sealing) = (std::mem::replace(&mut self.attempt.lines, next), snapshot.sealing.clone());
        let sealed = beside_io(move || sealing.seal(lines)).await?;
        let sha256 = object::hexadecimal(&object::sha256(&sealed));
        self.attempt.parts.push(Part { name: snapshot.id.part(number), bytes: sealed.len() as u64, sha256 });
        self.attempt.waiting.push_back(sealed);
        Ok(())
    }

    async fn put_waiting(&mut self) -> Result<(), Failure> {
        while let Some(sealed) = self.attempt.waiting.front() {
            let number = self.attempt.parts.len() - self.attempt.waiting.len() + 1;
            self.snapshot.target.put(&self.snapshot.id.part(number), sealed.clone()).await?;
            self.attempt.waiting.pop_front();
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
