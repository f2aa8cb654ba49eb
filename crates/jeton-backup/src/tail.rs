//! Ships the ledger's tail: what was committed since, a segment at a time, in order and without a gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jeton_core::commit::{Sequence, Write};
use jeton_core::id::least_of;
use jeton_core::moment::Time;
use jeton_core::record::{Class, Row, Table, Value};
use jeton_store::ledger::Head;
use jeton_store::line::RowLine;
use jeton_store::store::{Group, Store};
use jeton_store::table::Schema;
use serde::{Deserialize, Serialize};

use crate::entry_line::{self, HeadLine};
use crate::failure::Failure;
use crate::names::{Segment, TAIL};
use crate::object::Kind;
use crate::seal::Sealing;
use crate::snapshot::{beside, beside_io, changes_between};
use crate::target::Target;

/// What a segment says of itself, in its last line but the head's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Whether every commit that takes authority away was answered only once the segment with it was here.
    pub sync: bool,
    /// Whether the server had stopped in order, and nothing came after.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// The rows that were issued since the last segment, as they were heard of.
#[derive(Debug, Default)]
pub struct Issued(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    rows: VecDeque<RowLine>,
    /// From which sequence on every row is here.
    since: Sequence,
    /// Whether nobody tells of groups: everything is read from the store.
    is_deaf: bool,
}

/// How many rows wait at most: what is more is read from the store again.
const ROWS_WAITING: usize = 65_536;
/// How many entries a segment has at most.
const ENTRIES_AT_A_TIME: usize = 4_096;
/// How much later a credential may be written than its id says, in seconds.
const LATE_SECONDS: i64 = 60;

impl Issued {
    /// For a store whose groups nobody tells of: rows are read from it again.
    #[must_use]
    pub fn unheard() -> Issued {
        Issued(Mutex::new(Waiting { is_deaf: true, ..Waiting::default() }))
    }

    /// Takes up what a group issued. Called in the order of groups, before their commits are answered.
    pub fn hear(&self, group: &Group<'_>) {
        let mut waiting = self.lock();
        for (sequence, commit) in group.commits {
            for write in &commit.writes {
                if let Write::Put { table, row } = write
                    && matches!(table.class, Class::Credential { .. })
                {
                    waiting.rows.push_back(RowLine { table, version: version_of(group, table, *sequence), row: row.clone() });
                }
            }
        }
        if waiting.rows.len() > ROWS_WAITING {
            waiting.rows.clear();
            waiting.since = group.head.size;
        }
    }

    /// The rows of versions within these bounds; `None`: some were not heard of.
    fn take(&self, from: Sequence, to: Sequence) -> Option<Vec<RowLine>> {
        let mut waiting = self.lock();
        while waiting.rows.front().is_some_and(|row| row.version < from) {
            waiting.rows.pop_front();
        }
        (waiting.since <= from && !waiting.is_deaf)
            .then(|| waiting.rows.iter().filter(|row| (from..to).contains(&row.version)).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sequence of the group's entry for a table of credentials: the version of its rows.
fn version_of(group: &Group<'_>, table: &'static Table, commit: Sequence) -> Sequence {
    let tells = |payload: &[u8]| {
        let value: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
        value.and_then(|value| Some(value.get("table")?.as_str()? == table.name)).unwrap_or(false)
    };
    let mut entries = group.entries.iter().filter(|entry| entry.kind == "credentials.issued");
    let found = entries.find(|entry| entry.content.as_ref().is_some_and(|content| tells(&content.payload)));
    found.map_or(commit, |entry| entry.sequence)
}

/// Ships the tail of one store to one target.
pub struct Shipper {
    store: Arc<dyn Store>,
    schema: &'static Schema,
    target: Target,
    sealing: Sealing,
    issued: Arc<Issued>,
    incarnation: [u8; 16],
    next: Sequence,
}

impl Shipper {
    /// Goes on where the tail of this store ends on the target, or begins one at the store's head.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::Refused`] when the target holds more of this ledger than the store does.
    pub async fn begin(
        store: Arc<dyn Store>,
        schema: &'static Schema,
        target: Target,
        sealing: Sealing,
        issued: Arc<Issued>,
        is_sync: bool,
    ) -> Result<Shipper, Failure> {
        let head = store.head();
        issued.lock().since = head.size;
        let place = Segment { incarnation: head.incarnation, from: 0, to: 0 };
        let folder = place.name().rsplit_once('/').map_or(TAIL.to_owned(), |(folder, _)| folder.to_owned());
        let listed = target.list(&folder).await?;
        let last = listed.iter().filter_map(|object| Segment::parse(&object.name)).map(|segment| segment.to).max();
        if last.is_some_and(|last| last > head.size) {
            return Err(Failure::Refused(format!(
                "{} holds entries of this ledger that this data folder lacks: the folder was put back to an earlier state. Restore it with \
                 `jeton backup restore`, which brings nothing back that was revoked since",
                target.shown()
            )));
        }
        let next = last.unwrap_or(head.size);
        let mut shipper = Shipper { store, schema, target, sealing, issued, incarnation: head.incarnation, next };
        // From now on more is committed: what the last segment says of the end holds no longer.
        let begun = Mode { sync: is_sync, is_final: false };
        shipper.segment(next, &head, begun).await?;
        Ok(shipper)
    }

    /// The sequence until before which everything is on the target.
    #[must_use]
    pub fn shipped(&self) -> Sequence {
        self.next
    }

    /// Ships what there is, in as many segments as it takes; the sequence until before which everything is on the target then.
    ///
    /// # Errors
    /// [`Failure`]; what was shipped before it is there.
    pub async fn ship(&mut self, mode: Mode) -> Result<Sequence, Failure> {
        let head = self.store.head();
        while self.next < head.size {
            let to = head.size.min(self.next + ENTRIES_AT_A_TIME as u64);
            let mode = Mode { is_final: mode.is_final && to == head.size, ..mode };
            self.segment(to, &head, mode).await?;
        }
        if mode.is_final && self.next == head.size {
            self.segment(head.size, &head, mode).await?;
        }
        Ok(self.next)
    }

    async fn segment(&mut self, to: Sequence, head: &Head, mode: Mode) -> Result<(), Failure> {
        let from = self.next;
        let segment = Segment { incarnation: self.incarnation, from, to };
        let name = segment.name();
        let mut lines = self.sealing.begin(Kind::Tail, &name)?;
        for line in self.lines(from, to).await? {
            lines.push(&line);
        }
        lines.push(&serde_json::to_string(&ModeLine { mode }).map_err(std::io::Error::from)?);
        if to == head.size {
            lines.push(&serde_json::to_string(&HeadOnly { head: HeadLine::of(head) }).map_err(std::io::Error::from)?);
        }
        let sealing = self.sealing.clone();
        let sealed = beside_io(move || sealing.seal(lines)).await?;
        if from == to {
            self.target.put(&name, sealed).await?;
        } else if !self.target.put_new(&name, sealed).await? {
            return Err(Failure::Refused(format!("{name} is there already: does another server ship to {}?", self.target.shown())));
        }
        self.next = to;
        Ok(())
    }

    /// Entries, changes and issued rows of a range.
    async fn lines(&self, from: Sequence, to: Sequence) -> Result<Vec<String>, Failure> {
        let (store, heard, schema) = (self.store.clone(), self.issued.take(from, to), self.schema);
        let read = move || {
            let entries = store.tail(from, usize::try_from(to - from).unwrap_or(0))?;
            let first = entries.first().map(|entry| entry.time);
            let issued = match heard {
                Some(rows) => rows,
                None => issued_between(&*store, schema, (from, to), first.unwrap_or(Time::EPOCH))?,
            };
            let changes = changes_between(&*store, from, to)?;
            Ok((entries, changes, issued))
        };
        let (entries, changes, issued) = beside(read).await?;
        let mut lines = Vec::with_capacity(entries.len() + changes.len() + issued.len());
        for entry in &entries {
            lines.push(entry_line::write(entry).map_err(Failure::Line)?);
        }
        lines.extend(changes);
        for row in &issued {
            lines.push(row.to_line()?);
        }
        Ok(lines)
    }
}

/// The rows of credentials of versions within these bounds, read from the store: by their ids, which are no earlier than this.
fn issued_between(
    store: &dyn Store,
    schema: &'static Schema,
    (from, to): (Sequence, Sequence),
    first: Time,
) -> Result<Vec<RowLine>, jeton_store::store::Fault> {
    let mut found = Vec::new();
    for table in schema.tables.iter().filter(|table| matches!(table.class, Class::Credential { .. })) {
        let least = Value::Id(least_of(first.plus_seconds(-LATE_SECONDS)));
        let mut after: Row = std::iter::once(least).chain(table.columns.iter().skip(1).map(|_| Value::Null)).collect();
        loop {
            let rows = store.view()?.walk(table, Some(&after), 2_000)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.record);
            let of_range = rows.into_iter().filter(|row| (from..to).contains(&row.version));
            found.extend(of_range.map(|row| RowLine { table, version: row.version, row: row.record }));
        }
    }
    Ok(found)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModeLine {
    pub(crate) mode: Mode,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadOnly {
    pub(crate) head: HeadLine,
}
