//! A password that was right is hashed anew, where what is kept of it is weaker than what is made today, or was made elsewhere.

use super::{Password, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::root_key::RootKeys;

/// Keeps another hash of the same password. It was set when it was set: nobody is signed out by it, and no device is forgotten. It is told, since
/// backups have what is told.
pub fn renew(kept: &Password, hash: &str, root_keys: &RootKeys, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    match Password::seal(&kept.person, hash, root_keys, moment) {
        Ok(password) => {
            let event = Event::UserPasswordRenewed { actor: Actor::person(&kept.person), user: kept.person.clone() };
            Outcome::grant((), commit.put(&TABLE, Password { set_at: kept.set_at, ..password }.row()).tell(event))
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}
