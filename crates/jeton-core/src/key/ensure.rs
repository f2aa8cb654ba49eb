//! The first keys of an algorithm: one that signs and, for tokens, the next.

use super::{FreshKey, Purpose, SigningKeyRecord, State, add};
use crate::commit::Commit;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;

/// Puts the first two keys to use that sign tokens with an algorithm.
pub fn ensure(current: FreshKey, next: FreshKey, actor: &Actor, moment: &mut Moment) -> Outcome<Vec<SigningKeyRecord>> {
    put_to_use(
        vec![current.record(Purpose::Token, State::Current, moment), next.record(Purpose::Token, State::Next, moment)],
        actor,
        moment,
    )
}

/// Puts the key to use that signs the ledger's checkpoints. It has no successor: it neither rotates nor can it be revoked, since whoever
/// follows the ledger knows it by this one key (decision 13).
pub fn ensure_of_ledger(key: FreshKey, actor: &Actor, moment: &mut Moment) -> Outcome<Vec<SigningKeyRecord>> {
    put_to_use(vec![key.record(Purpose::Ledger, State::Current, moment)], actor, moment)
}

fn put_to_use(records: Vec<SigningKeyRecord>, actor: &Actor, moment: &mut Moment) -> Outcome<Vec<SigningKeyRecord>> {
    let commit = records.iter().fold(Commit::new(moment), |commit, record| add(commit, record, actor));
    Outcome::grant(records, commit)
}
