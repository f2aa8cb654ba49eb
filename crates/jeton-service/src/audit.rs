//! The ledger, read by people.

use std::collections::BTreeSet;

use jeton_core::commit::Sequence;
use jeton_store::ledger::Entry;
use serde_json::Value;

use crate::failure::Failure;
use crate::service::Service;

/// The most entries of one answer.
pub const PAGE: usize = 1_000;

/// The most entries that are looked at for one answer: what lies further away is asked for again.
pub const LOOKED_MAX: u64 = 20_000;

/// Which entries; what is left out takes nothing away.
#[derive(Clone, Debug)]
pub struct EntryFilter {
    /// Those of a kind, `api_key.revoked`, or of all kinds of a thing, `api_key`.
    pub kind: Option<String>,
    /// Those that name one of the ids of each of these, as what they are about or as who did it.
    pub naming: Vec<BTreeSet<String>>,
    /// Those that one of these did, as entries write it: `unix:0`, `client:ID`, `key:ID`, `system`.
    pub by: Option<BTreeSet<String>>,
    /// Those from this second on.
    pub since: Option<i64>,
    /// How many entries are looked at, at most.
    pub looked_max: u64,
}

impl Default for EntryFilter {
    fn default() -> EntryFilter {
        EntryFilter { kind: None, naming: vec![], by: None, since: None, looked_max: LOOKED_MAX }
    }
}

/// Entries that were found, in their order.
#[derive(Clone, Debug, Default)]
pub struct FoundEntries {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The first that was looked at.
    pub from: Sequence,
    /// The one behind the last that was looked at.
    pub until: Sequence,
    /// Whether there may be more beyond, in the direction that was looked in.
    pub has_more: bool,
}

impl EntryFilter {
    /// Whether every entry passes.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.kind.is_none() && self.naming.is_empty() && self.by.is_none() && self.since.is_none()
    }

    fn passes(&self, entry: &Entry) -> bool {
        let is_of_kind = |kind: &str| entry.kind == kind || entry.kind.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
        // A clock that was set right begins anew: what is behind the first entry of a time may be of before it.
        let is_since = self.since.is_none_or(|since| entry.time.seconds() >= since);
        is_since && self.kind.as_deref().is_none_or(is_of_kind) && self.says(entry)
    }

    /// Whether what an entry says is what is asked for.
    fn says(&self, entry: &Entry) -> bool {
        if self.naming.is_empty() && self.by.is_none() {
            return true;
        }
        let payload = entry.content.as_ref().map_or(&[][..], |content| &content.payload);
        // Most have none of a few ids in them: they need not be read.
        let sets = self.naming.iter().chain(&self.by);
        let may_have = |ids: &BTreeSet<String>| ids.len() > FEW || ids.iter().any(|id| is_in(payload, id));
        let is_read = sets.clone().all(may_have);
        is_read
            && serde_json::from_slice(payload).is_ok_and(|payload: Value| {
                let actor = payload.get("actor").and_then(Value::as_str);
                self.by.as_ref().is_none_or(|by| actor.is_some_and(|actor| by.contains(actor)))
                    && self.naming.iter().all(|ids| is_or_has(&payload, ids))
            })
    }
}

/// For no more ids than these a payload is looked through before it is read.
const FEW: usize = 4;

/// How many are read at once, where so many may be looked at yet.
fn at_once(left: u64) -> usize {
    usize::try_from(left).unwrap_or(PAGE).min(PAGE)
}

fn is_in(payload: &[u8], id: &str) -> bool {
    !id.is_empty() && payload.windows(id.len()).any(|window| window == id.as_bytes())
}

/// Whether a member is one of these ids, alone or as `kind:ID`. In words that somebody wrote it names nothing.
fn is_or_has(value: &Value, ids: &BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => match text.split_once(':') {
            Some(("client" | "user" | "group" | "key", named)) => ids.contains(named),
            _ => ids.contains(text),
        },
        Value::Array(values) => values.iter().any(|value| is_or_has(value, ids)),
        Value::Object(members) => members.values().any(|value| is_or_has(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Service {
    /// Entries from a sequence on, at most `limit` and never more than [`PAGE`].
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn entries(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Failure> {
        Ok(self.store.tail(from, limit.min(PAGE))?)
    }

    /// Those that pass a filter, from a sequence on: at most `limit`, and of no more than `looked_max` entries.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn find_entries(&self, filter: &EntryFilter, from: Sequence, limit: usize) -> Result<FoundEntries, Failure> {
        let (size, limit) = (self.store.head().size, limit.min(PAGE));
        let from = from.max(self.first_entry_since(filter.since)?);
        let mut found = FoundEntries { from, until: from, ..FoundEntries::default() };
        while found.until < size && found.until - from < filter.looked_max && found.entries.len() < limit {
            let left = filter.looked_max - (found.until - from);
            let read = self.store.tail(found.until, if filter.is_all() { limit } else { at_once(left) })?;
            let Some(last) = read.last().map(|last| last.sequence) else { break };
            found.until = last + 1;
            for entry in read.into_iter().filter(|entry| filter.passes(entry)) {
                if found.entries.len() == limit {
                    // It was read, and is of the next page.
                    found.until = entry.sequence;
                    break;
                }
                found.entries.push(entry);
            }
        }
        found.has_more = found.until < size;
        Ok(found)
    }

    /// The last `count` that pass a filter before an entry (`None`: before the one that comes next), of no more than `looked_max`.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn find_last_entries(&self, filter: &EntryFilter, before: Option<Sequence>, count: usize) -> Result<FoundEntries, Failure> {
        let (size, count) = (self.store.head().size, count.min(PAGE));
        let until = before.unwrap_or(size).min(size);
        let floor = self.first_entry_since(filter.since)?;
        let (mut from, mut newest_first) = (until, vec![]);
        while from > floor && until - from < filter.looked_max && newest_first.len() < count {
            let step = if filter.is_all() { count } else { at_once(filter.looked_max - (until - from)) };
            let start = from.saturating_sub(step as u64).max(floor);
            let read = self.store.tail(start, usize::try_from(from - start).unwrap_or(PAGE))?;
            from = start;
            for entry in read.into_iter().rev().filter(|entry| filter.passes(entry)) {
                if newest_first.len() == count {
                    from = entry.sequence + 1;
                    break;
                }
                newest_first.push(entry);
            }
        }
        newest_first.reverse();
        Ok(FoundEntries { entries: newest_first, from, until, has_more: from > floor })
    }

    /// The first entry that is no older; where none is, the one that comes next. It is looked for by halves: times only grow, but where a clock was
    /// set right.
    fn first_entry_since(&self, since: Option<i64>) -> Result<Sequence, Failure> {
        let Some(since) = since else { return Ok(0) };
        let (mut low, mut high) = (0, self.store.head().size);
        while low < high {
            let middle = low + (high - low) / 2;
            let is_older = self.store.tail(middle, 1)?.first().is_some_and(|entry| entry.time.seconds() < since);
            if is_older {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
