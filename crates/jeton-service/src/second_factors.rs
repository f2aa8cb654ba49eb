//! Second factors: set, proved, removed, reset. What somebody shows is counted before it is looked at, as a password is.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::commit::Commit;
use jeton_core::id::{Actor, PersonId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::person::Person;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::second_factor::enrol::{Enrolled, enrol};
use jeton_core::second_factor::prove::{KnownFrom, Proved, prove};
use jeton_core::second_factor::recovery::Given;
use jeton_core::second_factor::remove::{remove, renew_recovery};
use jeton_core::second_factor::totp::SECRET_BYTES;
use jeton_core::second_factor::{self, SecondFactor};
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::begin::{Begun, begin_by_two};
use jeton_core::session::proof::Authenticated;
use jeton_core::throttle::{Kind, Wait};
use jeton_core::trusted_device::TrustedDevice;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use jeton_verify::negatives::Subject;

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::sessions::{By, Proof};
use crate::transact::ATTEMPTS;

/// For how long a password that was right waits for the code beside it, in seconds.
pub const FIRST_FACTOR_SECONDS: i64 = 600;

/// What somebody proved who has a second factor and did not show it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstFactor {
    /// Who they are, by their password or by a provider.
    pub person: PersonId,
    /// When they proved it, in seconds.
    pub at: i64,
    /// By what.
    pub by: By,
}

impl FirstFactor {
    /// The same for who shows a second factor now.
    #[must_use]
    pub fn proof(&self) -> Proof {
        let authenticated = match self.by {
            By::Password { .. } => Authenticated::by_password(self.at),
            By::Provider { authenticated_at, .. } => Authenticated::by_provider(authenticated_at),
        };
        Proof { authenticated, by: Some(self.by.clone()) }
    }
}

/// What comes of a second factor.
#[derive(Clone, Debug)]
pub enum Second<R> {
    /// It was right, and this was done.
    Done(R),
    /// It is not right, or was used.
    Wrong,
    /// It was tried too often: nothing was looked at.
    Wait(Wait),
}

impl Service {
    /// The second factor of a person.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn second_factor_of(&self, person: &PersonId) -> Result<Option<Versioned<SecondFactor>>, Failure> {
        let Some(row) = self.fetch(&second_factor::TABLE, Value::Text(person.0.clone())).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: SecondFactor::from_row(&row.record).map_err(damaged)? }))
    }

    /// What somebody who has a second factor proved at `at`, in seconds; `None`: they have none, and that is all.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn first_factor(&self, person: &PersonId, by: By, at: i64) -> Result<Option<FirstFactor>, Failure> {
        let has_second = self.second_factor_of(person).await?.is_some();
        Ok(has_second.then(|| FirstFactor { person: person.clone(), at, by }))
    }

    /// Whether what somebody proved first still counts.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn stands_first(&self, first: &FirstFactor, now: i64) -> Result<bool, Failure> {
        let negatives = &self.registry.negatives;
        let ended_before = negatives.before(Subject::Everything, "").max(negatives.before(Subject::User, first.person.as_str()));
        let is_young = (first.at..first.at.saturating_add(FIRST_FACTOR_SECONDS)).contains(&now);
        let is_of_now = first.at >= ended_before.max(self.registry.sessions_known_from());
        let holds = match &first.by {
            By::Password { set_at } => self.password_set_at(&first.person).await? == Some(*set_at),
            By::Provider { provider, subject, .. } => match self.identity_of(&first.person, provider, subject).await {
                Ok(_) => true,
                Err(Failure::Refused(_)) => false,
                Err(failure) => return Err(failure),
            },
        };
        Ok(is_young && is_of_now && holds)
    }

    /// Begins a session of a person who proved who they are, by a second factor beside what they proved first; or raises the one in which they do.
    ///
    /// # Errors
    /// [`Failure`]; nobody is signed in by this then.
    pub async fn begin_session_by_two(
        &self,
        (person, first): (&PersonId, Proof),
        given: &str,
        before: Option<&Versioned<Session>>,
        (sender, device): (&Sender, Option<&TrustedDevice>),
        moment: &Moment,
    ) -> Result<Second<Begun>, Failure> {
        self.trying(person, device, given, moment, async |given| {
            self.signing_in(person, first.by.as_ref(), before, moment, |facts, moment| match self.proved(facts.factor, given, moment)? {
                Some(proved) => Ok(begin_by_two(facts, first.authenticated, &proved, sender, moment)),
                None => Ok(wrong(moment)),
            })
            .await
        })
        .await
    }

    /// Sets a second factor for whom a session is of, from a secret of which they show a code; they go on in the same session, by two factors.
    ///
    /// # Errors
    /// `InvalidRequest`: the code is not one of this secret; `Conflict`: there is one already; any other [`Failure`]: it is not known to be set.
    pub async fn enrol_second_factor(
        &self,
        session: &Versioned<Session>,
        secret: &[u8; SECRET_BYTES],
        given: &str,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Enrolled, Failure> {
        let given = Given::parse(given).ok_or_else(|| Refusal::invalid("a code has six digits"))?;
        let person = &session.record.person;
        let enrolled = self.signing_in(person, None, Some(session), moment, |facts, moment| {
            Ok(enrol(facts, &session.record, secret, &given, sender, moment))
        });
        enrolled.await
    }

    /// Removes the second factor of somebody who proves it once more.
    ///
    /// # Errors
    /// `NotFound`: there is none; any other [`Failure`]: it is not known to be removed.
    pub async fn remove_second_factor(
        &self,
        person: &PersonId,
        given: &str,
        device: Option<&TrustedDevice>,
        moment: &Moment,
    ) -> Result<Second<()>, Failure> {
        self.of_factor(person, given, device, moment, |proved, moment| remove(&proved.after, &Actor::person(person), moment)).await
    }

    /// Makes another sheet of recovery codes for somebody who proves their second factor once more.
    ///
    /// # Errors
    /// `NotFound`: there is none; any other [`Failure`]: the sheet before may count still.
    pub async fn renew_recovery_codes(
        &self,
        person: &PersonId,
        given: &str,
        device: Option<&TrustedDevice>,
        moment: &Moment,
    ) -> Result<Second<Vec<Secret>>, Failure> {
        let root_keys = self.registry.root_keys();
        self.of_factor(person, given, device, moment, |proved, moment| renew_recovery(proved, &root_keys, moment)).await
    }

    /// Takes the second factor of somebody away who lost it: their password alone signs them in. Whoever does it could sign in as them, once he
    /// gives them a password, too: nobody does it to somebody with permissions that he lacks.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; any other [`Failure`]: it is not known to be gone then.
    pub async fn reset_second_factor(&self, name: &str, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let id = self.find_user(name)?.record.id.clone();
            let factor = self.second_factor_of(&id).await?;
            let done = self.attempt(moment, &nobody, |reading, moment| {
                let person = self.find_user(id.as_str())?;
                reading.rely_on_person(&person);
                self.check_gives_holder(by, &Holder::Person(id.clone()))?;
                reading.rely_on_second_factor(&id, factor.as_ref().map(|factor| factor.version));
                Ok(match &factor {
                    Some(factor) => remove(&factor.record, by, moment).map(|()| person.record.clone()),
                    None => Outcome::grant(person.record.clone(), Commit::new(moment)),
                })
            });
            if let Some(person) = done.await? {
                self.forget_second_factors_tried(&id);
                return Ok(person);
            }
        }
        Err(Failure::Contended)
    }

    /// What was tried in vain of a person's second factor is forgotten.
    pub(crate) fn forget_second_factors_tried(&self, person: &PersonId) {
        let whose = self.bucket(Kind::SecondFactor, person.as_str().as_bytes(), b"");
        self.throttles.forget_all_of(&whose, &[Kind::SecondFactor, Kind::SecondFactorOnDevice]);
    }

    /// Does something with a second factor that is proved for it.
    async fn of_factor<R>(
        &self,
        person: &PersonId,
        given: &str,
        device: Option<&TrustedDevice>,
        moment: &Moment,
        decide: impl Fn(Proved, &mut Moment) -> Outcome<R>,
    ) -> Result<Second<R>, Failure> {
        let nobody = Arc::from("");
        self.trying(person, device, given, moment, async |given| {
            for _ in 0..ATTEMPTS {
                let factor = self.second_factor_of(person).await?.ok_or_else(no_factor)?;
                let done = self.attempt(moment, &nobody, |reading, moment| {
                    reading.rely_on_second_factor(person, Some(factor.version));
                    match self.proved(Some(&factor.record), given, moment)? {
                        Some(proved) => Ok(decide(proved, moment)),
                        None => Ok(wrong(moment)),
                    }
                });
                if let Some(done) = done.await? {
                    return Ok(done);
                }
            }
            Err(Failure::Contended)
        })
        .await
    }

    /// One try of a person's second factor: counted before it is made. Whoever fails elsewhere is not forgiven because somebody succeeds.
    pub(crate) async fn trying<R>(
        &self,
        person: &PersonId,
        device: Option<&TrustedDevice>,
        given: &str,
        moment: &Moment,
        work: impl AsyncFnOnce(&Given) -> Result<R, Failure>,
    ) -> Result<Second<R>, Failure> {
        let now = moment.now.seconds();
        let device = match device {
            Some(device) if self.is_device_of(device, person, now).await? => Some(device),
            _ => None,
        };
        let whose = person.as_str().as_bytes();
        let bucket = match device {
            Some(device) => self.bucket(Kind::SecondFactorOnDevice, whose, &device.device),
            None => self.bucket(Kind::SecondFactor, whose, b""),
        };
        let taken = match self.take_try(&[bucket], now) {
            Ok(taken) => taken,
            Err(wait) => return Ok(Second::Wait(wait)),
        };
        let Some(given) = Given::parse(given) else { return Ok(Second::Wrong) };
        match work(&given).await {
            Ok(done) => {
                if device.is_some() {
                    self.forget_tries(&taken);
                } else {
                    self.give_back(&taken);
                }
                Ok(Second::Done(done))
            }
            Err(Failure::Refused(refusal)) if refusal.reason == WRONG => Ok(Second::Wrong),
            Err(failure) => {
                self.give_back(&taken);
                Err(failure)
            }
        }
    }

    /// What a code proves; `None`: it is not right, or was used.
    pub(crate) fn proved(&self, factor: Option<&SecondFactor>, given: &Given, moment: &Moment) -> Result<Option<Proved>, Failure> {
        let Some(factor) = factor else { return Err(no_factor().into()) };
        let sheets_seconds = self.registry.sessions_known_from();
        let known_from = KnownFrom { codes_seconds: sheets_seconds.max(self.registry.marks_known_from()), sheets_seconds };
        let proved = prove(factor, given, known_from, &self.registry.root_keys(), moment.now.seconds());
        Ok(proved.map_err(|error| Fault::new(FaultKind::Damaged, error.to_string()))?)
    }
}

/// Why a code is refused, and nothing else is.
const WRONG: Reason = Reason::InvalidRequest;

/// The answer to a code that is not right.
pub(crate) fn wrong<R>(moment: &mut Moment) -> Outcome<R> {
    Outcome::refuse(Refusal::new(WRONG, "the code is not right, or was used"), Commit::new(moment))
}

fn no_factor() -> Refusal {
    Refusal::new(Reason::NotFound, "this user has no second factor")
}
