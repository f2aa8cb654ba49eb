//! What a commit wants written, in words.

use jeton_core::commit::{Commit, Write};
use jeton_core::outcome::Outcome;

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
