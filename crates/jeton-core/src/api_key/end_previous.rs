//! Ending the secret before the current one early. Ending the current one is a revocation.

use super::rotate::asking_again;
use super::{ApiKey, outdated};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Versioned;

/// Ends it at once; where there is none that lives, or may be told the new one again, nothing is to be done.
pub fn end_previous(key: &Versioned<ApiKey>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let now_seconds = moment.now.seconds();
    let asks_again = asking_again(&key.record, now_seconds).is_some();
    let Some(previous) = key.record.previous.clone().filter(|previous| asks_again || now_seconds < previous.expires_at) else {
        return Outcome::grant((), commit);
    };
    // Whoever holds the old secret alone is not told the new one from now on.
    let after = ApiKey { previous: Some(previous.ended(now_seconds)), repeat: None, ..key.record.clone() };
    let (commit, after, outdated) = outdated::put(commit, after, moment);
    let event = Event::ApiKeySecretEnded {
        actor: actor.clone(),
        api: after.api.clone(),
        before_seconds: outdated.before_seconds,
        ends_at_seconds: now_seconds,
        key: after.id,
        previous: key.version,
        until_seconds: outdated.until_seconds,
    };
    Outcome::grant((), commit.tell(event))
}
