//! Setting a second factor: whoever has shown a code of it is signed in by two factors from here on.

use jeton_token::Secret;

use super::recovery::{Given, Recovery};
use super::{SecondFactor, TABLE, totp};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::{Reason, Refusal};
use crate::sender::Sender;
use crate::session::Session;
use crate::session::begin::{Begun, Facts, begin};

/// A second factor, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The session in which it was set, raised.
    pub begun: Begun,
    /// The codes for the day on which the telephone is lost: told once.
    pub codes: Vec<Secret>,
}

/// Sets the second factor of whom `session` is of, from a secret of which they show a code.
pub fn enrol(
    facts: &Facts<'_>,
    session: &Session,
    secret: &[u8; totp::SECRET_BYTES],
    given: &Given,
    sender: &Sender,
    moment: &mut Moment,
) -> Outcome<Enrolled> {
    match made(facts, secret, given, moment) {
        Ok((factor, codes)) => {
            let facts = Facts { session: Some(session), factor: None, ..*facts };
            let actor = Actor::person(&factor.person);
            let event = Event::UserSecondFactorSet { actor, user: factor.person.clone() };
            let Outcome { verdict, commit } = begin(&facts, session.authenticated.and_code(), sender, moment);
            match verdict {
                Ok(begun) => Outcome::grant(Enrolled { begun, codes }, commit.put(&TABLE, factor.row()).tell(event)),
                Err(refusal) => Outcome::refuse(refusal, commit),
            }
        }
        Err(refusal) => Outcome::refuse(refusal, Commit::new(moment)),
    }
}

fn made(
    facts: &Facts<'_>,
    secret: &[u8; totp::SECRET_BYTES],
    given: &Given,
    moment: &mut Moment,
) -> Result<(SecondFactor, Vec<Secret>), Refusal> {
    if facts.factor.is_some() {
        return Err(Refusal::new(Reason::Conflict, "there is a second factor already: remove it first"));
    }
    let step = match given {
        Given::Totp(digits) => totp::step_of_code(secret, digits, 0, moment.now.seconds()),
        Given::Recovery(_) => None,
    };
    let step = step.ok_or_else(|| Refusal::invalid("the code is not one of this secret and this minute"))?;
    let (codes, recovery) = Recovery::draw(&facts.person.id, facts.root_keys, moment)?;
    Ok((SecondFactor::seal(&facts.person.id, secret, step, recovery, facts.root_keys, moment)?, codes))
}
