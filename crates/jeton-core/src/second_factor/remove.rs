//! Taking a second factor away, and making another sheet of recovery codes.

use jeton_token::Secret;

use super::prove::Proved;
use super::recovery::Recovery;
use super::{SecondFactor, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::root_key::RootKeys;

/// Removes it: by whom it is of, who proved it, or by an administrator where it is lost.
pub fn remove(factor: &SecondFactor, by: &Actor, moment: &mut Moment) -> Outcome<()> {
    let by_themselves = i64::from(*by == Actor::person(&factor.person));
    let event = Event::UserSecondFactorRemoved { actor: by.clone(), by_themselves, user: factor.person.clone() };
    Outcome::grant((), Commit::new(moment).delete(&TABLE, vec![Value::Text(factor.person.0.clone())]).tell(event))
}

/// Makes another sheet for who proved theirs: the one before is worth nothing.
pub fn renew_recovery(proved: Proved, root_keys: &RootKeys, moment: &mut Moment) -> Outcome<Vec<Secret>> {
    let commit = Commit::new(moment);
    let person = proved.after.person.clone();
    match Recovery::draw(&person, root_keys, moment) {
        Ok((codes, recovery)) => {
            let after = SecondFactor { recovery, ..proved.after };
            let event = Event::UserRecoveryCodesSet { actor: Actor::person(&person), user: person };
            let commit = proved.event.into_iter().fold(commit.put(&TABLE, after.row()), Commit::tell);
            Outcome::grant(codes, commit.tell(event))
        }
        Err(refusal) => Outcome::refuse(refusal, commit),
    }
}
