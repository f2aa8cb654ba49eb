//! Setting a password.

use super::{Password, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::refusal::{Reason, Refusal};
use crate::root_key::RootKeys;

/// Keeps the hash of a person's new password.
pub fn set(person: &Person, hash: &str, root_keys: &RootKeys, by: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if !person.is_active() {
        return Outcome::refuse(Refusal::new(Reason::Conflict, "this user is disabled: `jeton user enable` them first"), commit);
    }
    match Password::seal(&person.id, hash, root_keys, moment) {
        Ok(password) => {
            let by_themselves = i64::from(*by == Actor::person(&person.id));
            let event = Event::UserPasswordSet { actor: by.clone(), by_themselves, user: person.id.clone() };
            Outcome::grant((), commit.put(&TABLE, password.row()).tell(event))
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}
