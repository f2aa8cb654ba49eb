//! A passkey is taken away: by whom it is of, or by whoever administers where it is lost.

use super::{Passkey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::{Reason, Refusal};

/// Removes one of somebody's own, where something else signs them in still.
pub fn remove_own(passkey: &Passkey, has_another_way: bool, moment: &mut Moment) -> Outcome<()> {
    if !has_another_way {
        let detail = "nothing else signs this user in: they add another passkey first, or choose a password by a link";
        return Outcome::refuse(Refusal::new(Reason::Conflict, detail), Commit::new(moment));
    }
    reset(std::slice::from_ref(passkey), &Actor::person(&passkey.person), moment)
}

/// Removes all of them.
pub fn reset(passkeys: &[Passkey], by: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = passkeys.iter().fold(Commit::new(moment), |commit, passkey| {
        let by_themselves = i64::from(*by == Actor::person(&passkey.person));
        let event = Event::PasskeyRemoved { actor: by.clone(), by_themselves, passkey: passkey.id, user: passkey.person.clone() };
        commit.delete(&TABLE, passkey.key()).tell(event)
    });
    Outcome::grant((), commit)
}
