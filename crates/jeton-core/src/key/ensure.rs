//! The first keys of an algorithm: one that signs and the next.

use super::{FreshKey, Purpose, SigningKeyRecord, State, add};
use crate::commit::Commit;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;

/// Puts the first two keys of a purpose and algorithm to use.
pub fn ensure(purpose: Purpose, current: FreshKey, next: FreshKey, actor: &Actor, moment: &mut Moment) -> Outcome<Vec<SigningKeyRecord>> {
    let records = vec![current.record(purpose, State::Current, moment), next.record(purpose, State::Next, moment)];
    let commit = records.iter().fold(Commit::new(moment), |commit, record| add(commit, record, actor));
    Outcome::grant(records, commit)
}
