//! What a commit wants written, in words.

use std::sync::Arc;

use jeton_core::commit::{Commit, Write};
use jeton_core::outcome::Outcome;
use jeton_core::token::negative::{self, Negative, Says};
use jeton_core::told::{Told, told};

/// `+table` for a row put, `-table` for one deleted, and the kinds of events; in order.
pub(crate) fn wants(commit: &Commit) -> String {
    let writes = commit.writes.iter().map(|write| match write {
        Write::Put { table, .. } => format!("+{}", table.name),
        Write::Delete { table, .. } => format!("-{}", table.name),
    });
    let events = commit.events.iter().map(|event| event.encode().unwrap().kind);
    writes.chain(events).collect::<Vec<_>>().join(" ")
}

/// Checks that it was granted, and what is to be written.
#[track_caller]
pub(crate) fn granted<R: std::fmt::Debug>(outcome: Outcome<R>, writes: &str) -> R {
    assert_eq!(wants(&outcome.commit), writes);
    agrees(&outcome.commit);
    outcome.verdict.unwrap()
}

/// Checks that it was refused with these words among others, and that nothing is to be written.
#[track_caller]
pub(crate) fn refused<R: std::fmt::Debug>(outcome: Outcome<R>, words: &str) {
    assert!(outcome.commit.is_empty(), "a refusal wants {}", wants(&outcome.commit));
    match outcome.verdict {
        Err(refusal) => assert!(refusal.detail.contains(words), "{refusal:?} does not say {words:?}"),
        Ok(reply) => panic!("granted: {reply:?}, not refused for {words:?}"),
    }
}

/// Checks that the negatives that are put are those that the events tell of: whoever checks a store compares them.
#[track_caller]
fn agrees(commit: &Commit) {
    let put = commit.writes.iter().filter_map(|write| match write {
        Write::Put { table, row } if **table == negative::TABLE => Some(Negative::from_row(row).unwrap()),
        _ => None,
    });
    let put: Vec<_> = put.map(|negative| Told::Negative(negative.says, negative.until)).collect();
    // Where an event names an API, the row has its audience: of every API here, the same.
    let audience = put.iter().find_map(|negative| match negative {
        Told::Negative(Says::Revoked(_, audience) | Says::Suspended(_, audience) | Says::Resumed(_, audience), _) => Some(audience.clone()),
        Told::Negative(Says::Lifetime(audience, ..), _) => Some(audience.clone()),
        _ => None,
    });
    let told = commit.events.iter().map(|event| told(event, |_| audience.clone().unwrap_or_else(|| Arc::from(""))));
    assert_eq!(told.filter(|told| matches!(told, Told::Negative(..))).collect::<Vec<_>>(), put);
}
