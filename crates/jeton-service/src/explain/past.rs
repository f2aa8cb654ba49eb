//! What was said, by whom and when: rows name the commit that wrote them, and the ledger has what that commit told.

use std::collections::BTreeMap;

use jeton_core::commit::Sequence;
use jeton_core::explain::statement::{Concerned, Statement};
use jeton_core::id::Actor;
use jeton_core::token::negative::{self, Negative};
use jeton_core::why::Because;
use jeton_store::ledger::Entry;
use jeton_store::store::{Fault, FaultKind};

use crate::failure::Failure;
use crate::service::Service;

/// The most statements that are told of one credential: the latest.
const STATEMENTS_MAX: usize = 200;
/// A commit tells a few events, and seldom many.
const FEW: usize = 8;
/// The most entries of a commit that are looked at.
const MANY: usize = 512;

impl Service {
    /// What was said of a credential and of what it belongs to, in its order; the latest where there is much. Reads every negative: for a
    /// thread that may block. `None`: `goes_on` said no before the end.
    pub(super) fn statements(&self, of: &Concerned, goes_on: &dyn Fn() -> bool) -> Result<Option<Vec<Statement>>, Failure> {
        let (mut found, mut damaged) = (BTreeMap::new(), None);
        self.store.view()?.scan(&negative::TABLE, &mut |row| {
            match Negative::from_row(&row.record) {
                Ok(negative) if of.hears(&negative.says) => {
                    found.insert((row.version, negative.id), negative.says);
                    if found.len() > STATEMENTS_MAX {
                        found.pop_first();
                    }
                }
                Ok(_) => {}
                Err(malformed) => damaged = Some(malformed),
            }
            damaged.is_none() && goes_on()
        })?;
        if let Some(malformed) = damaged {
            return Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into());
        }
        let mut statements = Vec::with_capacity(found.len());
        for ((sequence, _), says) in found {
            if !goes_on() {
                return Ok(None);
            }
            let told = self.told_at(sequence)?;
            let at = told.first().map_or(0, |entry| entry.time.seconds());
            let by = told.iter().find_map(actor).unwrap_or_else(|| Actor::from(ERASED));
            let why = told.iter().find_map(why);
            statements.push(Statement { sequence, at, by, why, says });
        }
        Ok(goes_on().then_some(statements))
    }

    /// What the commit told that wrote a row of this version.
    pub(super) fn told_at(&self, version: Sequence) -> Result<Vec<Entry>, Failure> {
        let few = self.of_one_commit(version, FEW)?;
        if few.len() < FEW { Ok(few) } else { self.of_one_commit(version, MANY) }
    }

    fn of_one_commit(&self, from: Sequence, limit: usize) -> Result<Vec<Entry>, Failure> {
        let mut entries = self.store.tail(from, limit)?;
        let commit = entries.first().map(|entry| entry.commit);
        entries.retain(|entry| Some(entry.commit) == commit);
        Ok(entries)
    }
}

/// Stands for whoever was erased from the ledger.
pub(super) const ERASED: &str = "erased";

/// Who did what an entry tells.
pub(super) fn actor(entry: &Entry) -> Option<Actor> {
    member(entry, "actor").map(|actor| Actor::from(actor.as_str()))
}

/// Why, where that was said.
pub(super) fn why(entry: &Entry) -> Option<Because> {
    Because::kept(&member(entry, "why")?)
}

fn member(entry: &Entry, name: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_slice(&entry.content.as_ref()?.payload).ok()?;
    payload.get(name)?.as_str().map(str::to_owned)
}
