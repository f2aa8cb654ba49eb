//! Reads what is to be shipped from the store, where it was not heard of: after a start, and after a target was away for long.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::id::least_of;
use jeton_core::moment::Time;
use jeton_core::record::{Row, Table, Value};
use jeton_core::schema::{CHANGE, CHANGE_SPAN, CONTENT_KEPT_SECONDS};
use jeton_store::ledger::Entry;
use jeton_store::line::{Change, RowLine};
use jeton_store::store::{Fault, FaultKind, Store};
use jeton_store::table::Schema;

use crate::erasure::Erased;
use crate::unshipped::issued;

/// What was found of a range.
pub(crate) enum Read {
    /// All of it.
    Range(Range),
    /// Not all: what was changed before some sequence may be kept no longer.
    Gone(Gone),
}

/// A range of which it is not known any more what was changed.
pub(crate) struct Gone {
    /// Until before which sequence.
    pub(crate) until: Sequence,
    /// Who was erased in it, as the entries tell; and, with the first of them, everything that was erased by now.
    pub(crate) erased: Vec<Erased>,
    /// Until before which sequence that is; `None`: nothing was looked for.
    pub(crate) erased_until: Option<Sequence>,
}

/// What a range of the ledger stands for.
pub(crate) struct Range {
    /// Its entries, in order: as many as are shipped at a time.
    pub(crate) entries: Vec<Entry>,
    /// What they changed, as lines.
    pub(crate) changes: Vec<String>,
    /// What was issued in it.
    pub(crate) issued: Vec<RowLine>,
    /// What was erased in it.
    pub(crate) erased: Vec<Erased>,
}

/// How many entries are read at a time.
pub(crate) const ENTRIES_AT_A_TIME: usize = 4_096;
/// How many issued rows a range has at most, unless one entry alone tells of more.
const ROWS_AT_A_TIME: u64 = 16_384;
/// How many bytes of lines a range has, unless one entry alone has more.
const BYTES_AT_A_TIME: usize = 4 * 1024 * 1024;
/// How many rows one transaction reads.
const ROWS_AT_ONCE: usize = 2_000;
/// How much later a credential may be written than its id says, in seconds.
const LATE_SECONDS: i64 = 60;

/// Reads from a sequence on, until before another at most; everything that was erased until before `erased_until` is told of already.
///
/// # Errors
/// When the engine cannot read, or an entry is not there.
pub(crate) fn read(
    store: &dyn Store,
    schema: &'static Schema,
    (from, until): (Sequence, Sequence),
    erased_until: Sequence,
) -> Result<Read, Fault> {
    let limit = usize::try_from(until.saturating_sub(from)).unwrap_or(usize::MAX).min(ENTRIES_AT_A_TIME);
    let mut entries = few_enough(store.tail(from, limit)?);
    let found = changes_between(store, from, from + entries.len() as u64)?;
    entries.truncate(small_enough(&entries, &found));
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Err(Fault::new(FaultKind::Damaged, format!("entry {from} is not there")));
    };
    let until = last.sequence + 1;
    let changes: Vec<String> = found.into_iter().filter(|(sequence, _)| *sequence < until).map(|(_, line)| line).collect();
    // Looked at after they were read: what leaves meanwhile leaves from the left.
    let kept_from = first_change(store)?.unwrap_or(until).min(until);
    // An entry of issued rows has no change, but where it says so.
    if entries.iter().any(|entry| entry.sequence < kept_from && issued(entry).is_none_or(|issued| issued.changed > 0)) {
        entries.retain(|entry| entry.sequence < kept_from);
        return Ok(Read::Gone(gone(store, &entries, kept_from, erased_until)?));
    }
    let tables: Vec<Arc<str>> = entries.iter().filter_map(|entry| issued(entry).map(|issued| issued.table)).collect();
    let tables = schema.tables.iter().filter(|table| tables.iter().any(|name| **name == *table.name));
    let issued = issued_between(store, tables, (from, until), (first.time, last.time))?;
    let erased = Erased::among(schema, &changes)?;
    Ok(Read::Range(Range { entries, changes, issued, erased }))
}

/// What is left to tell of entries whose changes are kept no longer. Which entries an erasure took is not known then, and the ledger has them
/// all: those that say nothing any more.
fn gone(store: &dyn Store, entries: &[Entry], until: Sequence, erased_until: Sequence) -> Result<Gone, Fault> {
    let (mut erased, end) = (Erased::told_by(entries)?, store.head().size);
    let first = erased.iter_mut().find(|erased| erased.sequence >= erased_until);
    let is_any = first.is_some();
    if let Some(first) = first {
        first.entries = silent(store, end)?;
    }
    Ok(Gone { until, erased, erased_until: is_any.then_some(end) })
}

/// The entries until before this one that say nothing any more, but for those that are so old that nothing is kept of what they said.
fn silent(store: &dyn Store, end: Sequence) -> Result<Vec<Sequence>, Fault> {
    let (mut found, mut from, kept_since) = (Vec::new(), 0, store.head().time.plus_seconds(-CONTENT_KEPT_SECONDS));
    while from < end {
        let entries = store.tail(from, usize::try_from(end - from).unwrap_or(usize::MAX).min(ENTRIES_AT_A_TIME))?;
        let Some(last) = entries.last() else { break };
        from = last.sequence + 1;
        let is_silent = |entry: &&Entry| entry.content.is_none() && entry.time > kept_since;
        found.extend(entries.iter().filter(is_silent).map(|entry| entry.sequence));
    }
    Ok(found)
}

/// As many of the entries as tell of no more rows than are shipped at a time.
fn few_enough(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut rows = 0;
    let is_too_many = |entry: &Entry| {
        rows += issued(entry).map_or(0, |issued| issued.count);
        rows > ROWS_AT_A_TIME
    };
    let place = entries.iter().position(is_too_many);
    entries.truncate(place.map_or(usize::MAX, |place| place.max(1)));
    entries
}

/// How many of the entries have no more bytes than are shipped at a time, with what they changed: one at least.
fn small_enough(entries: &[Entry], changes: &[(Sequence, String)]) -> usize {
    let (mut bytes, mut changes) = (0, changes.iter().peekable());
    let is_too_much = |entry: &Entry| {
        bytes += entry.content.as_ref().map_or(0, |content| content.payload.len());
        while let Some((_, line)) = changes.next_if(|(sequence, _)| *sequence <= entry.sequence) {
            bytes += line.len();
        }
        bytes > BYTES_AT_A_TIME
    };
    entries.iter().position(is_too_much).map_or(entries.len(), |place| place.max(1))
}

/// The first sequence of which a change is kept. They leave from the left, a slice after the other.
pub(crate) fn first_change(store: &dyn Store) -> Result<Option<Sequence>, Fault> {
    let first = store.view()?.walk(&CHANGE, None, None, 1)?;
    Ok(first.first().and_then(|row| first_of(&row.record)))
}

/// The first sequence of a row of changes. Its version may be a later one: of the commit that told it anew, without somebody who was erased.
fn first_of(row: &Row) -> Option<Sequence> {
    match row.first() {
        Some(Value::Int(first)) => Some(first.cast_unsigned()),
        _ => None,
    }
}

/// The lines of the changes from a sequence on, until before another, in their order, each with its sequence: what is asked for is held in
/// memory.
///
/// # Errors
/// When the engine cannot read.
pub(crate) fn changes_between(store: &dyn Store, from: Sequence, to: Sequence) -> Result<Vec<(Sequence, String)>, Fault> {
    let first_of_span = from - from % CHANGE_SPAN;
    let above = vec![Value::Int(first_of_span.cast_signed().saturating_sub(1))];
    let mut found = Vec::new();
    let mut after: Option<Row> = None;
    loop {
        let rows = store.view()?.walk(&CHANGE, Some(&above), after.as_ref(), ROWS_AT_ONCE)?;
        let Some(last) = rows.last() else { break };
        let mut place = last.record.clone();
        if first_of(&last.record).is_some_and(|first| first >= to)
            && let Some(key) = place.first_mut()
        {
            // What comes later in this slice is not asked for.
            *key = Value::Int(i64::MAX);
        }
        after = Some(place);
        let lines = rows.iter().filter_map(|row| row.record.get(1)?.as_text()).flat_map(|lines| lines.lines());
        let numbered = lines.filter_map(|line| Some((Change::sequence_of(line)?, line)));
        found.extend(numbered.filter(|(sequence, _)| (from..to).contains(sequence)).map(|(sequence, line)| (sequence, line.to_owned())));
    }
    found.sort_unstable_by_key(|(sequence, _)| *sequence);
    Ok(found)
}

/// The rows of these tables of versions within these bounds: by their ids, which are of the time when they were decided.
fn issued_between(
    store: &dyn Store,
    tables: impl Iterator<Item = &'static &'static Table>,
    (from, to): (Sequence, Sequence),
    (first, last): (Time, Time),
) -> Result<Vec<RowLine>, Fault> {
    let above = vec![Value::Id(least_of(first.plus_seconds(-LATE_SECONDS)))];
    let beyond = Value::Id(least_of(last.plus_seconds(LATE_SECONDS)));
    let mut found = Vec::new();
    for table in tables {
        let mut after: Option<Row> = None;
        loop {
            let rows = store.view()?.walk(table, Some(&above), after.as_ref(), ROWS_AT_ONCE)?;
            let Some(newest) = rows.last() else { break };
            let mut place = newest.record.clone();
            if let Some(key) = place.first_mut().filter(|key| key.as_bytes() > beyond.as_bytes()) {
                *key = Value::Id([u8::MAX; 16]);
            }
            after = Some(place);
            let of_range = rows.into_iter().filter(|row| (from..to).contains(&row.version));
            found.extend(of_range.map(|row| RowLine { table, version: row.version, row: row.record }));
        }
    }
    Ok(found)
}
