//! Passwords: set, and proven. Hashing is slow on purpose and waits in a queue of its own, which the process hands in.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::id::PersonId;
use jeton_core::moment::Moment;
use jeton_core::password::acceptable::{Context, acceptable};
use jeton_core::password::set::set;
use jeton_core::password::{self, Password};
use jeton_core::person::Person;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::Refusal;
use jeton_core::role::holder::Holder;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;

pub use crate::hashing::{Hashing, PasswordHashing};

impl Service {
    /// Hands passwords to this to be hashed, from now on. The first one stays.
    pub fn hash_passwords_by(&self, hashing: Arc<dyn PasswordHashing>) {
        drop(self.hashing.set(hashing));
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
        let hashing = self.hashing()?;
        let host = self.issuer.as_str().split("//").nth(1).unwrap_or_default().split([':', '/']).next().unwrap_or_default();
        let context =
            Context { username: &person.username, name: person.name.as_deref(), email: person.email.as_deref(), issuer_host: host };
        acceptable(password.expose(), context, |text| hashing.is_known(text)).map_err(|weak| Refusal::invalid(weak.to_string()))?;
        let mut moments = moment.clone();
        let hash = Zeroizing::new(hashing.make(password.clone(), moments.draw()).await.ok_or(Failure::Busy)?);
        let set_at = moments.split();
        let person = self
            .transact(&set_at, &Arc::from(""), |reading, moment| {
                let person = self.find_user(person.id.as_str())?;
                reading.rely_on_person(&person);
                self.check_gives_holder(by, &Holder::Person(person.record.id.clone()))?;
                Ok(set(&person.record, &hash, &self.registry.root_keys(), by, moment).map(|()| person.record.clone()))
            })
            .await?;
        for session in self.sessions_of(&person.id).await? {
            match self.end_session(session.record.id, by, &moments.split()).await {
                // It has ended meanwhile.
                Ok(_) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(person)
    }

    /// Who somebody is that says so by username and password. `None`: the password is wrong, nobody is called so, they have no password, or they
    /// are disabled; all of it costs the same.
    ///
    /// # Errors
    /// [`Failure::Busy`] where too many wait; [`Failure::Fault`] when the engine cannot read.
    pub async fn prove_password(&self, username: &str, password: &Secret) -> Result<Option<Arc<Versioned<Person>>>, Failure> {
        let hashing = self.hashing()?;
        let person = self.registry.people.all.named(&username.trim().to_ascii_lowercase());
        // Also of nobody: a look-up takes its time.
        let id = person.as_ref().map_or_else(|| PersonId::from(""), |person| person.record.id.clone());
        let known = self.password_of(&id).await?;
        let opened = known.map(|password| password.open(&self.registry.root_keys())).transpose();
        let hash = opened.map_err(|error| Fault::new(FaultKind::Damaged, error.to_string()))?;
        let is_it = hashing.check(password.clone(), hash).await.ok_or(Failure::Busy)?;
        Ok(person.filter(|person| is_it && person.record.is_active()))
    }

    /// Whether a person has a password.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn has_password(&self, person: &PersonId) -> Result<bool, Failure> {
        Ok(self.password_of(person).await?.is_some())
    }

    async fn password_of(&self, person: &PersonId) -> Result<Option<Password>, Failure> {
        let row = self.fetch(&password::TABLE, Value::Text(person.0.clone())).await?;
        row.map(|row| Password::from_row(&row.record)).transpose().map_err(damaged)
    }

    fn hashing(&self) -> Result<&Arc<dyn PasswordHashing>, Failure> {
        self.hashing.get().ok_or(Failure::Busy)
    }
}
