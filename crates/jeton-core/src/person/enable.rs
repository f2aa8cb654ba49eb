//! Enabling a person again.

use super::{Person, State, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;

/// Enables a person: roles and groups count again, and new things can be issued. What was cut off when they were disabled stays dead.
pub fn enable(person: &Person, actor: &Actor, moment: &mut Moment) -> Outcome<Person> {
    let commit = Commit::new(moment);
    if person.is_active() {
        return Outcome::grant(person.clone(), commit);
    }
    let enabled = Person { state: State::Active, updated_at: moment.now.seconds(), ..person.clone() };
    let event = Event::UserEnabled { actor: actor.clone(), user: person.id.clone() };
    let commit = commit.put(&TABLE, enabled.row()).tell(event);
    Outcome::grant(enabled, commit)
}
