//! Somebody who is signed in chooses another password for themselves. Whoever finds their browser open knows neither the one that they have nor
//! their second factor, and tries no more of either than at the sign-in page.

use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::password::change::change;
use jeton_core::record::Versioned;
use jeton_core::refusal::Refusal;
use jeton_core::second_factor::recovery::Given;
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::begin::Begun;
use jeton_core::throttle::Wait;
use jeton_core::trusted_device::TrustedDevice;
use jeton_token::Secret;

use crate::failure::Failure;
use crate::passwords::Proven;
use crate::second_factors::{Second, wrong};
use crate::service::Service;
use crate::sessions::By;

/// What somebody types who changes their password.
#[derive(Clone, Debug)]
pub struct ChangePassword<'a> {
    /// The one that they have.
    pub present: Secret,
    /// The one that they want.
    pub chosen: Secret,
    /// A code of their second factor, or of their sheet; nothing counts where they have none.
    pub code: &'a str,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The other one counts, and their session goes on with another secret.
    Done(Begun),
    /// The one that they have is another.
    WrongPassword,
    /// The code is not right, or was used.
    WrongCode,
    /// One of the two was tried too often: nothing was looked at.
    Wait(Wait),
}

impl Service {
    /// Changes the password of whom a session is of. All their other sessions count for nothing from that commit on, and end, with what was
    /// given in them and does not outlive them.
    ///
    /// # Errors
    /// `InvalidRequest` where the one that they want is not taken; [`Failure::Busy`] and [`Failure::Fenced`] as for a sign-in; any other
    /// [`Failure`]: it is not known to be changed then.
    pub async fn change_own_password(
        &self,
        session: &Versioned<Session>,
        asked: &ChangePassword<'_>,
        (sender, device): (&Sender, Option<&TrustedDevice>),
        moment: &Moment,
    ) -> Result<Changed, Failure> {
        let (person, mut moments) = (self.find_user(session.record.person.as_str())?.record.clone(), moment.clone());
        let set_at = match self.prove_password(&person.username, &asked.present, (sender, device), &moments.split()).await? {
            Proven::Somebody(proven, set_at) if proven.record.id == person.id => set_at,
            Proven::Somebody(..) | Proven::Nobody => return Ok(Changed::WrongPassword),
            Proven::Wait(wait) => return Ok(Changed::Wait(wait)),
        };
        if asked.present == asked.chosen {
            return Err(Refusal::invalid("this is the password that you have").into());
        }
        self.check_acceptable(&person, &asked.chosen).await?;
        let hash = self.hash_password(self.hashing()?, &asked.chosen, &mut moments).await?;
        if self.second_factor_of(&person.id).await?.is_none() {
            return self.change_to(session, (set_at, None), &hash, sender).await.map(Changed::Done);
        }
        let tried = self.trying(&person.id, device, asked.code, moment, async |given| {
            self.change_to(session, (set_at, Some(given)), &hash, sender).await
        });
        Ok(match tried.await? {
            Second::Done(begun) => Changed::Done(begun),
            Second::Wrong => Changed::WrongCode,
            Second::Wait(wait) => Changed::Wait(wait),
        })
    }

    /// Writes it, where the password that they showed is still theirs; `given`: a code beside it.
    async fn change_to(
        &self,
        session: &Versioned<Session>,
        (set_at, given): (i64, Option<&Given>),
        hash: &str,
        sender: &Sender,
    ) -> Result<Begun, Failure> {
        let person = &session.record.person;
        // Hashing took its time: what has expired meanwhile has expired.
        let mut moments = self.moments.now();
        let changed_at = moments.split();
        let by = By::Password { set_at };
        let begun = self.signing_in(person, Some(&by), Some(session), &changed_at, |facts, moment| {
            let proved = match given {
                Some(given) => match self.proved(facts.factor, given, moment)? {
                    Some(proved) => Some(proved),
                    None => return Ok(wrong(moment)),
                },
                None => None,
            };
            Ok(change(facts, proved.as_ref(), hash, sender, moment))
        });
        let begun = begun.await?;
        // They count for nothing by then: where it fails in between, the next pass ends them.
        for other in self.sessions_of(person).await?.iter().filter(|other| other.record.id != session.record.id) {
            match self.end_session(other.record.id, &Actor::person(person), &moments.split()).await {
                // It has ended meanwhile.
                Ok(_) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(begun)
    }
}
