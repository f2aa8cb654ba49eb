//! The rows against the ledger: whoever can write the database can take a row out of it, or put one in, and leave no checksum wrong. What
//! the ledger tells of rows must be there, and nothing else of its kind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_core::event::Event;
use jeton_core::id::{ApiId, CommitId};
use jeton_core::moment::Time;
use jeton_core::record::{Row, Table};
use jeton_core::token::negative::{self, Negative, Says};
use jeton_core::told::{Told, told};
use jeton_core::{api, client, group, key, person, role};

use super::entry::{Entry, issued_leaf};
use crate::table::Schema;

/// The tables whose rows the ledger tells of one by one.
static NAMED: [&Table; 6] = [&api::TABLE, &client::TABLE, &key::TABLE, &person::TABLE, &group::TABLE, &role::TABLE];

/// Where rows and ledger differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// An entry tells of a negative that holds still, and there is no such row.
    NegativeMissing {
        /// The entry.
        sequence: Sequence,
        /// What it says.
        says: Says,
    },
    /// There are negatives that no entry tells of, said to be of the commit that begins with this one.
    NegativeUntold {
        /// The entry that they name.
        sequence: Sequence,
        /// How many.
        count: u32,
    },
    /// An entry tells of a row, and it is not there.
    RowMissing {
        /// The entry.
        sequence: Sequence,
        /// The row's table.
        table: &'static str,
        /// Its id.
        id: Arc<str>,
    },
    /// There is a row that no entry tells of, or that one says is gone.
    RowUntold {
        /// The row's table.
        table: &'static str,
        /// Its id.
        id: Arc<str>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::NegativeMissing { sequence, says } => {
                write!(
                    formatter,
                    "entry {sequence} says {}, and the row of `{}` that holds it is missing",
                    Said(says),
                    negative::TABLE.name
                )
            }
            Difference::NegativeUntold { sequence, count } => {
                write!(formatter, "entry {sequence} does not tell of what names it in `{}` (rows: {count})", negative::TABLE.name)
            }
            Difference::RowMissing { sequence, table, id } => {
                write!(formatter, "entry {sequence} tells of `{id}`, which is missing in `{table}`")
            }
            Difference::RowUntold { table, id } => write!(formatter, "`{id}` is in `{table}`, and the ledger says that it is not"),
        }
    }
}

/// What a negative says, in words.
struct Said<'a>(&'a Says);

impl fmt::Display for Said<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Says::Revoked(token, _) => write!(formatter, "that token {token} is revoked"),
            Says::Suspended(token, _) => write!(formatter, "that token {token} is suspended"),
            Says::Resumed(token, _) => write!(formatter, "that token {token} is resumed"),
            Says::CutOff(subject, name, before) => {
                write!(formatter, "that what was issued before second {before} is cut off ({subject:?} `{name}`)")
            }
            Says::SubjectSuspended(subject, name) => write!(formatter, "that all of {subject:?} `{name}` is suspended"),
            Says::SubjectResumed(subject, name) => write!(formatter, "that all of {subject:?} `{name}` is resumed"),
            Says::Lifetime(audience, seconds, _) => write!(formatter, "that tokens for {audience} live {seconds} s at most"),
            Says::KeyRevoked(key) => write!(formatter, "that signing key {key} is revoked"),
            Says::ApiKeyChanged(key, _, before) => {
                write!(formatter, "that answers about API key {key} from before second {before} are old")
            }
        }
    }
}

/// Gathers rows first, then hears the entries from the first one on. Holds a few bytes for each negative, as everybody does who serves, and
/// the ids of what there is few of.
#[derive(Debug)]
pub struct Comparison {
    now_seconds: i64,
    /// How many negatives there are of a commit that say the same, and were not told of yet.
    negatives: BTreeMap<(Sequence, [u8; 16]), u32>,
    /// What is there of the named tables, and which entry tells of it.
    rows: BTreeMap<(&'static str, Arc<str>), Standing>,
    audiences: BTreeMap<ApiId, Arc<str>>,
    commit: Option<(CommitId, Sequence)>,
    differences: Vec<Difference>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    is_there: bool,
    told_by: Option<Sequence>,
}

impl Comparison {
    /// The comparison of a store of a schema at a time: what is over by then need not be there. `None` where the schema's tables are not
    /// those that events tell of.
    #[must_use]
    pub fn of(schema: &Schema, now: Time) -> Option<Comparison> {
        let has = |table: &Table| schema.tables.iter().any(|known| std::ptr::eq(*known, table));
        let is_ours = has(&negative::TABLE) && NAMED.iter().all(|table| has(table));
        is_ours.then(|| Comparison {
            now_seconds: now.seconds(),
            negatives: BTreeMap::new(),
            rows: BTreeMap::new(),
            audiences: BTreeMap::new(),
            commit: None,
            differences: Vec::new(),
        })
    }

    /// Whether rows of this table are compared.
    #[must_use]
    pub fn concerns(table: &Table) -> bool {
        std::ptr::eq(table, &negative::TABLE) || NAMED.iter().any(|named| std::ptr::eq(*named, table))
    }

    /// Takes up a row.
    pub fn row(&mut self, table: &'static Table, version: Sequence, row: &Row) {
        if std::ptr::eq(table, &negative::TABLE) {
            // One that cannot be read is no longer what was told.
            let digest = Negative::from_row(row).map_or([0; 16], |negative| digest(negative.says, negative.until));
            *self.negatives.entry((version, digest)).or_default() += 1;
        } else if Comparison::concerns(table)
            && let Some(id) = row.first().and_then(|id| id.as_text())
        {
            self.rows.entry((table.name, id.clone())).or_default().is_there = true;
        }
    }

    /// Takes up the next entry, once every row was taken up.
    pub fn entry(&mut self, entry: &Entry) {
        let version = match self.commit {
            Some((commit, first)) if commit == entry.commit => first,
            _ => entry.sequence,
        };
        self.commit = Some((entry.commit, version));
        match entry.event() {
            Ok(Some(event)) => self.event(entry.sequence, version, &event),
            // Erased: what it told of cannot be known any more.
            Ok(None) => self.negatives.retain(|(of, _), _| *of != version),
            // The audit's to say.
            Err(_) => {}
        }
    }

    /// Where rows and ledger differ, once every entry was taken up.
    #[must_use]
    pub fn end(mut self) -> Vec<Difference> {
        for ((table, id), standing) in self.rows {
            match standing {
                Standing { is_there: true, told_by: None } => self.differences.push(Difference::RowUntold { table, id }),
                Standing { is_there: false, told_by: Some(sequence) } => {
                    self.differences.push(Difference::RowMissing { sequence, table, id });
                }
                Standing { .. } => {}
            }
        }
        let untold = self.negatives.into_iter().filter(|(_, count)| *count > 0);
        self.differences.extend(untold.map(|((sequence, _), count)| Difference::NegativeUntold { sequence, count }));
        self.differences
    }

    fn event(&mut self, sequence: Sequence, version: Sequence, event: &Event) {
        if let Event::ApiCreated { api, audience, .. } = event {
            self.audiences.insert(api.clone(), audience.clone());
        }
        match told(event, |api| self.audiences.get(api).cloned().unwrap_or_default()) {
            Told::Kept(table, id) => self.rows.entry((table.name, id)).or_default().told_by = Some(sequence),
            Told::Gone(table, id) => {
                let key = (table.name, id);
                let is_there = self.rows.get(&key).is_some_and(|standing| standing.is_there);
                self.rows.remove(&key);
                if is_there {
                    self.rows.insert(key, Standing { is_there, told_by: None });
                }
            }
            Told::Negative(says, until_seconds) => self.negative(sequence, version, says, until_seconds),
            Told::Nothing => {}
        }
    }

    fn negative(&mut self, sequence: Sequence, version: Sequence, says: Says, until_seconds: i64) {
        let key = (version, digest(says.clone(), until_seconds));
        match self.negatives.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(self.negatives.remove(&key)),
            None if until_seconds > self.now_seconds => self.differences.push(Difference::NegativeMissing { sequence, says }),
            // It may have left with its time.
            None => {}
        }
    }
}

/// What a negative says, whatever its own id.
fn digest(says: Says, until: i64) -> [u8; 16] {
    let [digest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        issued_leaf(&negative::TABLE, &Negative { id: [0; 16], says, until }.row());
    digest
}
