//! Somebody who is signed in adds a passkey.

use std::sync::Arc;

use super::registration::Made;
use super::{OF_PERSON_MAX, Passkey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, PasskeyId};
use crate::moment::Moment;
use crate::name::parse_name;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::refusal::{Reason, Refusal};

/// Adds what was made for somebody whom its authenticator calls `handle`; `count`: how many they have; `is_known`: somebody has this one.
pub fn add(
    person: &Person,
    (made, handle, name): (&Made, &[u8], &str),
    (count, is_known): (usize, bool),
    moment: &mut Moment,
) -> Outcome<Passkey> {
    match added(person, (made, handle, name), (count, is_known), moment) {
        Ok(passkey) => {
            let event = Event::PasskeyAdded { actor: Actor::person(&person.id), passkey: passkey.id, user: person.id.clone() };
            let commit = Commit::new(moment).put(&TABLE, passkey.row()).tell(event);
            Outcome::grant(passkey, commit)
        }
        Err(refusal) => Outcome::refuse(refusal, Commit::new(moment)),
    }
}

fn added(
    person: &Person,
    (made, handle, name): (&Made, &[u8], &str),
    (count, is_known): (usize, bool),
    moment: &mut Moment,
) -> Result<Passkey, Refusal> {
    if !person.is_active() {
        return Err(Refusal::new(Reason::Forbidden, "this user is disabled"));
    }
    if is_known {
        return Err(Refusal::new(Reason::Conflict, "this passkey is there already"));
    }
    if count >= OF_PERSON_MAX {
        return Err(Refusal::new(Reason::Conflict, format!("a user has at most {OF_PERSON_MAX} passkeys: remove one first")));
    }
    Ok(Passkey {
        id: PasskeyId::draw(moment),
        person: person.id.clone(),
        handle: Arc::from(handle),
        credential: made.credential.clone(),
        public_key: made.public_key.clone(),
        counter: made.counter,
        name: parse_name(name, "a passkey")?,
        added_at: moment.now.seconds(),
        used_at: None,
        may_be_copied: made.may_be_copied,
        is_copied: made.is_copied,
    })
}
