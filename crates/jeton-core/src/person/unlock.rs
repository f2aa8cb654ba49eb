//! Unlocking a person: what failed for their name is forgotten.

use super::Person;
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;

/// Tells who let somebody try again at once. What is forgotten is in memory alone, so that nothing else is written.
pub fn unlock(person: &Person, actor: &Actor, moment: &mut Moment) -> Outcome<Person> {
    let event = Event::UserUnlocked { actor: actor.clone(), user: person.id.clone() };
    Outcome::grant(person.clone(), Commit::new(moment).tell(event))
}
