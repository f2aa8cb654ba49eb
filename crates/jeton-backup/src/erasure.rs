//! What was erased, as objects beside the tail: a restore erases it of whatever it is made of, also where it goes to an earlier time, or where
//! the tail with the erasure is lost.

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;
use jeton_core::id::PersonId;
use jeton_core::person;
use jeton_core::record::Value;
use jeton_store::ledger::{Entry, Hash};
use jeton_store::line::Change;
use jeton_store::store::{Fault, FaultKind, Group, Store};
use jeton_store::table::Schema;
use serde::{Deserialize, Serialize};

use crate::object::{from_hexadecimal, hexadecimal};

/// What one commit erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Erased {
    /// The first sequence of the commit.
    pub(crate) sequence: Sequence,
    /// Who was forgotten by it.
    pub(crate) user: Option<PersonId>,
    /// The entries whose content went.
    pub(crate) entries: Vec<Sequence>,
}

/// The same, read from a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Erasure {
    pub(crate) user: Option<PersonId>,
    /// Which entries, each with its commitment: in another incarnation another entry may have the number.
    pub(crate) entries: Vec<(Sequence, Hash)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    erasure: Plain,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<PersonId>,
    entries: Vec<PlainEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEntry {
    entry: Sequence,
    commitment: String,
}

impl Erased {
    /// What the commits of a group erased.
    pub(crate) fn by(group: &Group<'_>) -> Vec<Erased> {
        let erased = |(sequence, commit): &(Sequence, Commit)| {
            let user = commit.events.iter().find_map(erased_user);
            let entries: Vec<Sequence> = commit.erases.iter().map(|told| told.sequence).collect();
            (user.is_some() || !entries.is_empty()).then_some(Erased { sequence: *sequence, user, entries })
        };
        group.commits.iter().filter_map(erased).collect()
    }

    /// The same, of what is read again: the lines of changes say it.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub(crate) fn among(schema: &Schema, changes: &[String]) -> Result<Vec<Erased>, Fault> {
        let mut found = Vec::new();
        let deleted = format!("\"table\":\"{}\"", person::TABLE.name);
        for line in changes.iter().filter(|line| line.contains("\"erases\":[") || line.contains(&deleted)) {
            let change = Change::parse(schema, line).map_err(|error| damaged(&error))?;
            let of_person = change.deletes.iter().find(|(table, _)| table.name == person::TABLE.name);
            let user = of_person.and_then(|(_, key)| key.first().and_then(Value::as_text)).map(|id| PersonId(id.clone()));
            if user.is_some() || !change.erases.is_empty() {
                found.push(Erased { sequence: change.sequence, user, entries: change.erases });
            }
        }
        Ok(found)
    }

    /// What is left of it where the changes are kept no longer: the entries say that something was erased, and who, and not which entries.
    ///
    /// # Errors
    /// When an entry cannot be read.
    pub(crate) fn told_by(entries: &[Entry]) -> Result<Vec<Erased>, Fault> {
        let mut found = Vec::new();
        for entry in entries.iter().filter(|entry| matches!(entry.kind.as_str(), "user.erased" | "entries.erased")) {
            let event = entry.event().map_err(|error| damaged(&error))?;
            let user = event.as_ref().and_then(erased_user);
            if user.is_some() || matches!(event, Some(Event::EntriesErased { entries: 1.., .. })) {
                found.push(Erased { sequence: entry.sequence, user, entries: vec![] });
            }
        }
        Ok(found)
    }

    /// As the line of an object; the store knows what the entries' commitments are.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub(crate) fn line(&self, store: &dyn Store) -> Result<String, Fault> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for sequence in &self.entries {
            let found = store.tail(*sequence, 1)?.into_iter().find(|entry| entry.sequence == *sequence);
            let missing = || Fault::new(FaultKind::Damaged, format!("entry {sequence} is not there"));
            entries.push(PlainEntry { entry: *sequence, commitment: hexadecimal(&found.ok_or_else(missing)?.commitment) });
        }
        let line = Line { erasure: Plain { user: self.user.clone(), entries } };
        serde_json::to_string(&line).map_err(|error| Fault::new(FaultKind::Engine, error.to_string()))
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Damaged, error.to_string())
}

fn erased_user(event: &Event) -> Option<PersonId> {
    match event {
        Event::UserErased { user, .. } => Some(user.clone()),
        _ => None,
    }
}

/// Reads the line of an object.
///
/// # Errors
/// In words, when it is none.
pub(crate) fn parse(line: &str) -> Result<Erasure, String> {
    let Line { erasure: Plain { user, entries } } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let entry = |entry: PlainEntry| {
        let commitment = from_hexadecimal(&entry.commitment).ok_or("a commitment is 64 hexadecimal digits")?;
        Ok::<_, String>((entry.entry, commitment))
    };
    Ok(Erasure { user, entries: entries.into_iter().map(entry).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let line =
            r#"{"erasure":{"user":"user_1","entries":[{"entry":17,"commitment":"#.to_owned() + &format!("\"{}\"}}]}}}}", "ab".repeat(32));
        let read = parse(&line).unwrap();
        assert_eq!(read, Erasure { user: Some(PersonId::from("user_1")), entries: vec![(17, [0xab; 32])] });
        assert_eq!(parse(r#"{"erasure":{"entries":[]}}"#), Ok(Erasure::default()));
        for wrong in ["", "{}", r#"{"erasure":{"entries":[{"entry":1,"commitment":"ab"}]}}"#, r#"{"erasure":{"entries":[],"more":1}}"#] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
