//! Whether a commit may be made, before anything of it is written.

use jeton_core::commit::{Commit, Mark, Premise, Write};
use jeton_core::record::{Class, Index, Key, Row, Table, Value};
use jeton_core::schema::MARK;

use super::transaction::Transaction;
use super::versions::Versions;
use crate::row::{check_key, check_row, equal, key_of};
use crate::store::{CommitError, Fault, FaultKind, Taken};

/// Why a commit is not applied.
pub(super) enum Obstacle {
    /// The commit is refused; its neighbours go on.
    Refused(CommitError),
    /// The engine failed.
    Engine(Fault),
}

impl From<Fault> for Obstacle {
    /// Nothing of the commit was written yet: a row it met may be damaged, and its neighbours are not to blame for that.
    fn from(fault: Fault) -> Obstacle {
        if fault.kind == FaultKind::Damaged { Obstacle::Refused(fault.into()) } else { Obstacle::Engine(fault) }
    }
}

/// What the checks look at.
pub(super) struct Checks<'a, 't> {
    pub(super) transaction: &'a mut (dyn Transaction + 't),
    pub(super) versions: &'a mut Versions,
}

impl Checks<'_, '_> {
    /// The commit's premises, marks, and names, in this order.
    pub(super) fn check(&mut self, commit: &Commit) -> Result<(), Obstacle> {
        commit.premises.iter().try_for_each(|premise| self.premise(premise))?;
        for (place, mark) in commit.marks.iter().enumerate() {
            self.mark(mark, commit.marks.get(..place).unwrap_or_default())?;
        }
        for (place, write) in commit.writes.iter().enumerate() {
            self.write(write, commit.writes.get(..place).unwrap_or_default())?;
        }
        Ok(())
    }

    fn premise(&mut self, premise: &Premise) -> Result<(), Obstacle> {
        let holds = match premise {
            Premise::Row { table, key, version } => self.versions.get(self.transaction, table, key)? == *version,
            Premise::Range { rows, .. } if rows.len() > Premise::RANGE_ROWS_MAX => {
                return Err(misuse("a premise names more rows than a range may have"));
            }
            Premise::Range { table, index, prefix, rows } => {
                let found = self.transaction.range(table, *index, prefix, rows.len() + 1)?;
                let same = |((key, version), (found, at)): (&(Key, u64), &(Key, u64))| version == at && equal(key, found);
                found.len() == rows.len() && rows.iter().zip(&found).all(same)
            }
        };
        if holds { Ok(()) } else { Err(Obstacle::Refused(CommitError::Stale)) }
    }

    fn mark(&mut self, mark: &Mark, before: &[Mark]) -> Result<(), Obstacle> {
        let key = vec![Value::Int(mark.kind.number()), Value::Hash(mark.key)];
        let again = before.iter().any(|other| other.kind == mark.kind && other.key == mark.key);
        if again || self.transaction.version(&MARK, &key)?.is_some() { Err(taken(Taken::Mark)) } else { Ok(()) }
    }

    fn write(&mut self, write: &Write, before: &[Write]) -> Result<(), Obstacle> {
        match write {
            Write::Put { table, .. } | Write::Delete { table, .. } if table.class.is_usage() => {
                Err(misuse("usage is noted, not committed"))
            }
            Write::Delete { table, key } => {
                check_key(table, key).map_err(refused)?;
                if table.is_sliced() { Err(misuse("rows of a sliced table are not deleted one by one")) } else { Ok(()) }
            }
            Write::Put { table, row } => {
                check_row(table, row).map_err(refused)?;
                match table.class {
                    Class::Authority => self.names(table, row, before),
                    Class::Credential { .. } => self.credential(table, row, before),
                    Class::Expiring { .. } | Class::Counted { .. } | Class::Noted => Ok(()),
                }
            }
        }
    }

    fn names(&mut self, table: &'static Table, row: &Row, before: &[Write]) -> Result<(), Obstacle> {
        let key = key_of(table, row);
        for (place, index) in table.indexes.iter().enumerate().filter(|(_, index)| index.unique) {
            let Some(values) = values_in(index, row) else { continue };
            let holder = self.transaction.holder(table, place, &values)?;
            let holder = after_writes(table, index, &values, holder, before);
            if holder.is_some_and(|holder| !equal(&holder, &key)) {
                return Err(taken(Taken::Name(index.name)));
            }
        }
        Ok(())
    }

    /// The first credential of a commit meets its double when it is inserted; the others are looked up, since nothing may be undone.
    fn credential(&mut self, table: &'static Table, row: &Row, before: &[Write]) -> Result<(), Obstacle> {
        if !matches!(row.first(), Some(Value::Id(_))) {
            return Err(misuse("a credential's id has sixteen bytes"));
        }
        let others = || before.iter().filter_map(as_credential);
        if others().next().is_none() {
            return Ok(());
        }
        let key = key_of(table, row);
        let again = others().any(|(other, earlier)| other.name == table.name && equal(&key_of(other, earlier), &key));
        if again || self.transaction.version(table, &key)?.is_some() {
            return Err(taken(Taken::Name(table.name)));
        }
        Ok(())
    }
}

/// The values of the index's columns; `None` when one is null, since nulls never agree.
fn values_in(index: &Index, row: &Row) -> Option<Key> {
    index.columns.iter().map(|column| row.get(*column).filter(|value| **value != Value::Null).cloned()).collect()
}

/// Who holds these values once the commit's earlier writes are made.
fn after_writes(table: &'static Table, index: &Index, values: &Key, holder: Option<Key>, before: &[Write]) -> Option<Key> {
    before.iter().fold(holder, |holder, write| match write {
        Write::Put { table: other, row } if other.name == table.name => {
            let key = key_of(table, row);
            if values_in(index, row).is_some_and(|its| equal(&its, values)) {
                Some(key)
            } else {
                holder.filter(|holder| !equal(holder, &key))
            }
        }
        Write::Delete { table: other, key } if other.name == table.name => holder.filter(|holder| !equal(holder, key)),
        _ => holder,
    })
}

fn as_credential(write: &Write) -> Option<(&'static Table, &Row)> {
    match write {
        Write::Put { table, row } if matches!(table.class, Class::Credential { .. }) => Some((table, row)),
        _ => None,
    }
}

fn taken(taken: Taken) -> Obstacle {
    Obstacle::Refused(CommitError::Taken(taken))
}

fn misuse(words: &str) -> Obstacle {
    refused(Fault::new(FaultKind::Engine, words))
}

fn refused(fault: Fault) -> Obstacle {
    Obstacle::Refused(CommitError::Fault(fault))
}
