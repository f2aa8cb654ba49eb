//! Somebody takes back what they said of a client, or it is taken back for them: they are asked anew.

use super::{Consent, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::{ClientId, GrantId, PersonId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::token::cut_off::{beyond_all_issued, cut_off};
use crate::why::Speaker;

/// What is taken back.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawing<'a> {
    /// Who said it.
    pub person: &'a PersonId,
    /// Of whom.
    pub client: &'a ClientId,
    /// All that they said.
    pub consents: &'a [Consent],
    /// The codes of theirs that this client may exchange yet: they give nothing any more.
    pub codes: &'a [GrantId],
    /// The latest cut-off over any of their tokens, in seconds.
    pub latest_seconds: i64,
}

/// Takes it back; its grants end by themselves. How many consents there were.
pub fn withdraw(withdrawing: &Withdrawing<'_>, by: Speaker<'_>, moment: &mut Moment) -> Outcome<usize> {
    let Withdrawing { person, client, consents, codes, latest_seconds } = *withdrawing;
    let mut commit = Commit::new(moment);
    if consents.is_empty() && codes.is_empty() {
        return Outcome::grant(0, commit);
    }
    let (actor, why) = (by.actor.clone(), by.told());
    commit = commit.tell(Event::ConsentWithdrawn { actor, client: client.clone(), user: person.clone(), why });
    for consent in consents {
        commit = commit.delete(&TABLE, consent.key());
    }
    let before = beyond_all_issued(moment.now, latest_seconds);
    for code in codes {
        commit = cut_off(commit, CutOffSubject::Family, code.to_string().into(), before, by, moment);
    }
    Outcome::grant(consents.len(), commit)
}
