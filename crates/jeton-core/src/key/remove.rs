//! Removing keys that nothing alive was signed with.

use super::{SigningKeyRecord, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;

/// Removes a retired or revoked key whose time has come.
pub fn remove(key: &SigningKeyRecord, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if key.remove_at.is_none_or(|at| moment.now.seconds() < at) {
        return Outcome::grant((), commit);
    }
    let event = Event::SigningKeyRemoved { actor: Actor::system(), key: key.id.clone() };
    Outcome::grant((), commit.delete(&TABLE, vec![Value::Text(key.id.0.clone())]).tell(event))
}
