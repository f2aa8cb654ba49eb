//! Somebody who is signed in connects what a provider calls them, or takes that back. Who they are here is proved by their session: no address
//! has to, and whoever administers may, too.

use std::sync::Arc;

use super::{Identity, TABLE, key};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::person::Person;
use crate::provider::Provider;
use crate::provider::id_token::Said;
use crate::refusal::{Reason, Refusal};

/// Connects somebody with who a provider says they are; `known`: who is known by that already.
pub fn connect(provider: &Provider, said: &Said, person: &Person, known: Option<&Identity>, moment: &mut Moment) -> Outcome<()> {
    let refused = |detail| Err(Refusal::new(Reason::Forbidden, detail));
    let allowed = match known {
        Some(known) if known.person != person.id => refused("somebody else is known here by what this provider says"),
        _ if !person.is_active() => refused("this user is disabled"),
        _ if !said.comes_in(provider) => refused("this provider lets in nobody who has no address of its domains"),
        known => Ok(known.is_some_and(|known| !known.is_by_word_alone)),
    };
    match allowed {
        Ok(true) => Outcome::grant((), Commit::new(moment)),
        Ok(false) => Outcome::grant((), linked(provider, said, person, false, moment)),
        Err(refusal) => Outcome::refuse(refusal, Commit::new(moment)),
    }
}

/// From now on somebody is known by what a provider calls them.
pub(super) fn linked(provider: &Provider, said: &Said, person: &Person, is_by_word_alone: bool, moment: &mut Moment) -> Commit {
    let (provider, subject, person) = (provider.id.clone(), Arc::from(said.subject.as_str()), person.id.clone());
    let event = Event::IdentityLinked { actor: Actor::person(&person), provider: provider.clone(), user: person.clone() };
    let identity = Identity { provider, subject, person, linked_at: moment.now.seconds(), is_by_word_alone };
    Commit::new(moment).put(&TABLE, identity.row()).tell(event)
}

/// Takes it back, where something else signs them in still.
pub fn disconnect(identity: &Identity, has_another_way: bool, moment: &mut Moment) -> Outcome<()> {
    if !has_another_way {
        let detail = "nothing else signs this user in: they choose a password first, by a link, or add a passkey";
        return Outcome::refuse(Refusal::new(Reason::Conflict, detail), Commit::new(moment));
    }
    let event = Event::IdentityUnlinked {
        actor: Actor::person(&identity.person),
        provider: identity.provider.clone(),
        user: identity.person.clone(),
    };
    Outcome::grant((), Commit::new(moment).delete(&TABLE, key(&identity.provider, &identity.subject)).tell(event))
}
