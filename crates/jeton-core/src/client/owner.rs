//! Giving a client to another owner: somebody else answers for it, and nothing else changes.

use super::{Client, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::owner::Owner;

/// Gives a client to a person or a group.
pub fn give(client: &Client, to: &Owner, actor: &Actor, moment: &mut Moment) -> Outcome<Client> {
    let commit = Commit::new(moment);
    if client.owner.as_ref() == Some(to) {
        return Outcome::grant(client.clone(), commit);
    }
    let given = Client { owner: Some(to.clone()), updated_at: moment.now.seconds(), ..client.clone() };
    let event = Event::ClientUpdated { actor: actor.clone(), changed: "owner".into(), client: client.id.clone() };
    let commit = commit.put(&TABLE, given.row()).tell(event);
    Outcome::grant(given, commit)
}
