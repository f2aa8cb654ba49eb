//! Passwords: set, and proven. Hashing is slow on purpose and waits in a queue of its own, which the process hands in.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_core::administrator::Administrator;
use jeton_core::id::{Actor, PersonId};
use jeton_core::moment::{Moment, Time};
use jeton_core::outcome::Outcome;
use jeton_core::password::acceptable::{Context, Weak, acceptable};
use jeton_core::password::cost::Cost;
use jeton_core::password::renew::renew;
use jeton_core::password::set::set;
use jeton_core::password::{self, Password, kept_cost};
use jeton_core::person::Person;
use jeton_core::person::unlock::unlock;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::sender::Sender;
use jeton_core::throttle::{Kind, Wait};
use jeton_core::trusted_device::{Since, TrustedDevice};
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use jeton_verify::negatives::Subject;
use zeroize::Zeroizing;

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::throttles::BucketKey;

pub use crate::hashing::{Compared, Hashing, PasswordHashing};

/// What comes of a username and a password.
#[derive(Clone, Debug)]
pub enum Proven {
    /// They are of this person, whose password was set then, in seconds.
    Somebody(Arc<Versioned<Person>>, i64),
    /// The password is wrong, nobody is called so, they have no password, or they are disabled; all of it costs the same.
    Nobody,
    /// It was tried too often: nothing was looked at.
    Wait(Wait),
}

impl Service {
    /// Hands passwords to this to be hashed, from now on. The first one stays.
    pub fn hash_passwords_by(&self, hashing: Arc<dyn PasswordHashing>) {
        drop(self.hashing.set(hashing));
    }

    /// How much work a hash is, as it was measured for this deployment; `None`: nobody measured it yet.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn password_cost(&self) -> Result<Option<Cost>, Fault> {
        let row = self.store.view()?.get(&kept_cost::TABLE, &vec![kept_cost::KEY])?;
        let cost = row.map(|row| kept_cost::from_row(&row.record)).transpose();
        cost.map(Option::flatten).map_err(|malformed| Fault::new(FaultKind::Damaged, malformed.to_string()))
    }

    /// Keeps what was measured, once. Where it cannot be written now, the next password that is hashed does it.
    async fn keep_password_cost(&self, moment: &Moment) {
        let Some(cost) = self.hashing.get().and_then(|hashing| hashing.measured()) else { return };
        if self.is_password_cost_kept.swap(true, Ordering::AcqRel) {
            return;
        }
        let nobody = Arc::from("");
        let kept = self.attempt(moment, &nobody, |_, moment| Ok(Outcome::grant((), kept_cost::keep(cost, moment)))).await;
        self.is_password_cost_kept.store(matches!(kept, Ok(Some(()))), Ordering::Release);
    }

    /// Gives a person a password, and ends their sessions: whoever knew the one before is signed in nowhere. What outlives a session stays.
    /// Whoever gives one could sign in as them: nobody gives one to somebody with permissions that he lacks.
    ///
    /// # Errors
    /// `InvalidRequest` where it is not taken; `Forbidden`; any other [`Failure`]: it is not known to be set then.
    pub async fn set_password(&self, name: &str, password: &Secret, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        let person = self.find_user(name)?.record.clone();
        // Before the work, and once more with what is written.
        self.check_gives_holder(by, &Holder::Person(person.id.clone()))?;
        self.check_acceptable(&person, password).await?;
        let hashing = self.hashing()?;
        let mut moments = moment.clone();
        let hash = self.hash_password(hashing, password, &mut moments).await?;
        let set_at = moments.split();
        let person = self
            .transact(&set_at, &Arc::from(""), |reading, moment| {
                let person = self.find_user(person.id.as_str())?;
                reading.rely_on_person(&person);
                self.check_gives_holder(by, &Holder::Person(person.record.id.clone()))?;
                Ok(set(&person.record, &hash, &self.registry.root_keys(), by, moment).map(|()| person.record.clone()))
            })
            .await?;
        self.end_sessions_of(&person.id, by, &mut moments).await?;
        Ok(person)
    }

    pub(crate) async fn hash_password(
        &self,
        hashing: &Arc<dyn PasswordHashing>,
        password: &Secret,
        moments: &mut Moment,
    ) -> Result<Zeroizing<String>, Failure> {
        let hash = Zeroizing::new(hashing.make(password.clone(), moments.draw()).await.ok_or(Failure::Busy)?);
        self.keep_password_cost(&moments.split()).await;
        Ok(hash)
    }

    /// Ends every session of a person, as many as there are. Where it fails in between, those that are left count for nothing, and are ended by
    /// the next pass.
    pub(crate) async fn end_sessions_of(&self, person: &PersonId, by: &Actor, moments: &mut Moment) -> Result<(), Failure> {
        loop {
            let sessions = self.sessions_of(person).await?;
            if sessions.is_empty() {
                return Ok(());
            }
            for session in sessions {
                match self.end_session(session.record.id, by, &moments.split()).await {
                    Ok(_) => {}
                    // It has ended meanwhile.
                    Err(Failure::Refused(refusal)) if refusal.reason == Reason::NotFound => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
    }

    /// Whether a password is taken for somebody.
    ///
    /// # Errors
    /// `InvalidRequest`, which says why not; [`Failure::Fault`] when the list of those that leaked cannot be read.
    pub async fn check_acceptable(&self, person: &Person, password: &Secret) -> Result<(), Failure> {
        let host = self.issuer.host();
        let context =
            Context { username: &person.username, name: person.name.as_deref(), email: person.email.as_deref(), issuer_host: host };
        let weak = |weak: Weak| Refusal::invalid(weak.to_string());
        // Only what is no weaker than that is looked up.
        acceptable(password.expose(), context, |_| false).map_err(weak)?;
        let (hashing, text) = (self.hashing()?.clone(), password.clone());
        let is_known = beside(move || hashing.is_known(text.expose())).await.ok_or(Failure::Busy)?;
        let unread = |error: io::Error| Fault::new(FaultKind::Engine, format!("the list of passwords that leaked cannot be read: {error}"));
        let is_known = is_known.map_err(unread)?;
        Ok(acceptable(password.expose(), context, |_| is_known).map_err(weak)?)
    }

    /// Who somebody is that says so by username and password, from this network and on this device. Names that nobody has are counted, looked up
    /// and compared as those that somebody has.
    ///
    /// # Errors
    /// [`Failure::Busy`] where too many wait; [`Failure::Fault`] when the engine cannot read; [`Failure::Fenced`] of a password that would
    /// sign somebody in and was set before a gap that nobody accepted: whether it was taken away since is not known. None is counted as a try.
    pub async fn prove_password(
        &self,
        username: &str,
        password: &Secret,
        (sender, device): (&Sender, Option<&TrustedDevice>),
        moment: &Moment,
    ) -> Result<Proven, Failure> {
        let hashing = self.hashing()?;
        let name = folded(username);
        let person = self.registry.people.all.named(&name);
        // Also of nobody: a look-up takes its time.
        let id = person.as_ref().map_or_else(|| PersonId::from(""), |person| person.record.id.clone());
        let known = self.password_of(&id).await?;
        let now = moment.now.seconds();
        let device = device.filter(|device| self.is_trusted(device, &id, known.as_ref(), now));
        let buckets = match device {
            Some(device) => vec![self.bucket(Kind::Device, id.as_str().as_bytes(), &device.device)],
            None => self.buckets_of_strangers(&name, sender),
        };
        let taken = match self.take_try(&buckets, now) {
            Ok(taken) => taken,
            Err(wait) => return Ok(Proven::Wait(wait)),
        };
        let mut moments = moment.clone();
        let compared = self.compare(hashing, password, known.as_ref(), moments.draw()).await;
        match &compared {
            // Whoever fails elsewhere is not forgiven because somebody succeeds.
            Ok(compared) if compared.is_it && device.is_some() => self.forget_tries(&taken),
            Ok(compared) if !compared.is_it => {}
            Ok(_) | Err(_) => self.give_back(&taken),
        }
        self.keep_password_cost(&moments.split()).await;
        let Compared { is_it, anew } = compared?;
        let person = person.filter(|person| is_it && person.record.is_active());
        // Said to whoever knows it alone, and would be signed in by it.
        if let (Some(_), Some(known)) = (&person, &known) {
            self.check_not_fenced(Time::from_seconds(known.record.set_at))?;
        }
        if let (true, Some(anew), Some(known)) = (is_it, anew, &known) {
            self.renew_password(known, &anew, &moments.split()).await;
        }
        Ok(person.zip(known).map_or(Proven::Nobody, |(person, known)| Proven::Somebody(person, known.record.set_at)))
    }

    /// When the password of a person was set, in seconds, where they have one that counts.
    pub(crate) async fn password_set_at(&self, person: &PersonId) -> Result<Option<i64>, Failure> {
        Ok(self.password_of(person).await?.map(|password| password.record.set_at))
    }

    /// The password of a person, where it is the one that was set at this time, in seconds.
    pub(crate) async fn password_set_then(&self, person: &PersonId, set_at: i64) -> Result<Versioned<Password>, Failure> {
        let password = self.password_of(person).await?.filter(|password| password.record.set_at == set_at);
        Ok(password.ok_or_else(another_password)?)
    }

    /// Whether a device is one on which a person signed in before, by the password that they have.
    pub(crate) async fn is_device_of(&self, device: &TrustedDevice, person: &PersonId, now: i64) -> Result<bool, Failure> {
        Ok(self.is_trusted(device, person, self.password_of(person).await?.as_ref(), now))
    }

    /// Lets somebody try again at once, wherever they failed.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` where they have permissions that he lacks; any other [`Failure`]: nothing is forgotten then.
    pub async fn unlock_user(&self, name: &str, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        let person = self
            .transact(moment, &Arc::from(""), |reading, moment| {
                let person = self.find_user(name)?;
                reading.rely_on_person(&person);
                self.check_gives_holder(by, &Holder::Person(person.record.id.clone()))?;
                Ok(unlock(&person.record, by, moment))
            })
            .await?;
        let whose = self.bucket(Kind::Name, person.username.as_bytes(), b"");
        self.throttles.forget_all_of(&whose, &[Kind::Name, Kind::NameInNetwork]);
        self.forget_second_factors_tried(&person.id);
        Ok(person)
    }

    /// The buckets of whoever tries a name where nobody of this name signed in before. The widest comes first: where it is full, a name that
    /// nobody tried before takes no room.
    fn buckets_of_strangers(&self, name: &str, sender: &Sender) -> Vec<BucketKey> {
        let network = sender.network.as_deref().unwrap_or_default().as_bytes();
        vec![
            self.bucket(Kind::Network, network, b""),
            self.bucket(Kind::Name, name.as_bytes(), b""),
            self.bucket(Kind::NameInNetwork, name.as_bytes(), network),
        ]
    }

    fn is_trusted(&self, device: &TrustedDevice, person: &PersonId, password: Option<&Versioned<Password>>, now: i64) -> bool {
        let negatives = &self.registry.negatives;
        let ended_before = negatives.before(Subject::Everything, "").max(negatives.before(Subject::User, person.as_str()));
        let since = |password: &Password| Since { password_set_at: password.set_at, ended_before };
        password.is_some_and(|password| device.is_trusted_by(person, since(&password.record), now))
    }

    async fn compare(
        &self,
        hashing: &Arc<dyn PasswordHashing>,
        given: &Secret,
        known: Option<&Versioned<Password>>,
        salt: [u8; 16],
    ) -> Result<Compared, Failure> {
        let opened = known.map(|password| password.record.open(&self.registry.root_keys())).transpose();
        let hash = opened.map_err(|error| Fault::new(FaultKind::Damaged, error.to_string()))?;
        hashing.check(given.clone(), hash, salt).await.ok_or(Failure::Busy)
    }

    /// Keeps a hash as it is made today. Where that cannot be written now, or somebody set another password meanwhile, nothing is lost: the next
    /// sign-in does it.
    async fn renew_password(&self, known: &Versioned<Password>, hash: &str, moment: &Moment) {
        let nobody = Arc::from("");
        let renewed = self.attempt(moment, &nobody, |reading, moment| {
            reading.rely_on_password(known);
            Ok(renew(&known.record, hash, &self.registry.root_keys(), moment))
        });
        drop(renewed.await);
    }

    /// Whether a person has a password.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn has_password(&self, person: &PersonId) -> Result<bool, Failure> {
        Ok(self.password_of(person).await?.is_some())
    }

    pub(crate) async fn password_of(&self, person: &PersonId) -> Result<Option<Versioned<Password>>, Failure> {
        Ok(self.password_row(person).await?.filter(|password| !password.record.is_stopped()))
    }

    /// The same, also where nothing is left of it.
    pub(crate) async fn password_row(&self, person: &PersonId) -> Result<Option<Versioned<Password>>, Failure> {
        let Some(row) = self.fetch(&password::TABLE, Value::Text(person.0.clone())).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: Password::from_row(&row.record).map_err(damaged)? }))
    }

    pub(crate) fn hashing(&self) -> Result<&Arc<dyn PasswordHashing>, Failure> {
        self.hashing.get().ok_or(Failure::Busy)
    }
}

/// What is said of a password that was right when it was compared, and is not any more.
pub(crate) fn another_password() -> Refusal {
    Refusal::new(Reason::Forbidden, "this user has another password now")
}

/// A name as people are known by, and as it is counted: otherwise each spelling would have tries of its own.
pub(crate) fn folded(username: &str) -> String {
    username.trim().to_ascii_lowercase()
}
