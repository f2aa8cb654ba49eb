//! Another password, of somebody who showed the one that they have: the session in which they did goes on, with another secret.

use super::set::set;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::second_factor::prove::Proved;
use crate::sender::Sender;
use crate::session::begin::{Begun, Facts, begin, begin_by_two};
use crate::session::proof::Authenticated;

/// Changes the password of whom `facts` are about to that of this hash. Who has a second factor changes none without it.
pub fn change(facts: &Facts<'_>, proved: Option<&Proved>, hash: &str, sender: &Sender, moment: &mut Moment) -> Outcome<Begun> {
    let first = Authenticated::by_password(moment.now.seconds());
    let Outcome { verdict, commit } = match proved {
        Some(proved) => begin_by_two(facts, first, proved, sender, moment),
        None => begin(facts, first, sender, moment),
    };
    let begun = match verdict {
        Ok(begun) => begun,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let set = set(facts.person, hash, facts.root_keys, &Actor::person(&facts.person.id), moment);
    match set.verdict {
        Ok(()) => Outcome::grant(begun, commit.with(set.commit)),
        Err(refusal) => Outcome::refuse(refusal, set.commit),
    }
}
