//! The first use of a secret that a key gave itself: from now on nobody is told it again.

use super::{ApiKey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Versioned;

/// Notes that a key has used its secret.
pub fn confirm(key: &Versioned<ApiKey>, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let before = &key.record;
    if before.repeat.is_none() {
        return Outcome::grant((), commit);
    }
    let after = ApiKey { repeat: None, updated_at: moment.now.seconds(), ..before.clone() };
    let event =
        Event::ApiKeySecretConfirmed { actor: Actor::key(after.id), generation: after.generation, key: after.id, previous: key.version };
    Outcome::grant((), commit.put(&TABLE, after.row()).tell(event))
}
