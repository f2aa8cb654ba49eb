//! What people are known by at providers: what they connected, or an address did, and what they take back.

use std::sync::Arc;

use jeton_core::id::{PersonId, ProviderId};
use jeton_core::identity::connect::{connect, disconnect};
use jeton_core::identity::{self, BY_PERSON, Identity};
use jeton_core::moment::{Moment, Time};
use jeton_core::provider::Provider;
use jeton_core::provider::id_token::Said;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_store::store::{Fault, FaultKind};

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

/// How many of a person are looked at.
const OF_PERSON_MAX: usize = 1_000;

impl Service {
    /// What somebody is known by at the providers that there are.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn identities_of(&self, person: &PersonId) -> Result<Vec<Versioned<Identity>>, Failure> {
        let (store, prefix) = (self.store.clone(), vec![Value::Text(person.0.clone())]);
        let rows = beside(move || store.view()?.range(&identity::TABLE, BY_PERSON, &prefix, None, OF_PERSON_MAX)).await;
        let rows = rows.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let read = |row: &Versioned<_>| Ok(Versioned { version: row.version, record: Identity::from_row(&row.record)? });
        let mut identities: Vec<Versioned<Identity>> = rows.iter().map(read).collect::<Result<_, _>>().map_err(damaged)?;
        // What a provider called them that is gone means nobody.
        identities.retain(|identity| self.registry.people.providers.get(identity.record.provider.as_str()).is_some());
        Ok(identities)
    }

    /// What somebody came by at a provider, where that is so still.
    pub(crate) async fn identity_of(
        &self,
        person: &PersonId,
        provider: &ProviderId,
        subject: &str,
    ) -> Result<Versioned<Identity>, Failure> {
        let row = self.fetch_row(&identity::TABLE, identity::key(provider, subject)).await?.ok_or_else(taken_back)?;
        let record = Identity::from_row(&row.record).map_err(damaged)?;
        let is_theirs = record.person == *person && self.registry.people.providers.get(provider.as_str()).is_some();
        if is_theirs { Ok(Versioned { version: row.version, record }) } else { Err(taken_back().into()) }
    }

    /// Both are there when it is decided.
    pub(crate) fn rely_on_provider_of(&self, reading: &Reading<'_>, identity: &Versioned<Identity>) -> Result<(), Refusal> {
        let Versioned { version, record } = identity;
        let provider = self.registry.people.providers.get(record.provider.as_str()).ok_or_else(taken_back)?;
        reading.rely_on_provider(&provider);
        reading.rely_on_identity(identity::key(&record.provider, &record.subject), Some(*version));
        Ok(())
    }

    /// Connects somebody who is signed in with who a provider says they are.
    ///
    /// # Errors
    /// `Forbidden`: they are not connected; any other [`Failure`]: it is not known that they are.
    pub async fn connect(&self, provider: &Versioned<Provider>, said: &Said, person: &PersonId, moment: &Moment) -> Result<(), Failure> {
        self.check_not_fenced(Time::from_seconds(provider.record.updated_at))?;
        let (key, nobody) = (identity::key(&provider.record.id, &said.subject), Arc::from(""));
        for _ in 0..ATTEMPTS {
            let row = self.fetch_row(&identity::TABLE, key.clone()).await?;
            let known = row.as_ref().map(|row| Identity::from_row(&row.record)).transpose().map_err(damaged)?;
            let connected = self.attempt(moment, &nobody, |reading, moment| {
                let person =
                    self.registry.people.all.get(person.as_str()).ok_or_else(|| Refusal::new(Reason::NotFound, "nobody has this id"))?;
                reading.rely_on_provider(provider);
                reading.rely_on_person(&person);
                reading.rely_on_identity(key.clone(), row.as_ref().map(|row| row.version));
                Ok(connect(&provider.record, said, &person.record, known.as_ref(), moment))
            });
            if connected.await?.is_some() {
                return Ok(());
            }
        }
        Err(Failure::Contended)
    }

    /// Takes back what somebody is known by at a provider.
    ///
    /// # Errors
    /// `NotFound`: they are not known by it; `Conflict`: nothing else signs them in; any other [`Failure`]: it may be there still.
    pub async fn disconnect(&self, (provider, subject): (&str, &str), person: &PersonId, moment: &Moment) -> Result<(), Failure> {
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let (mut rest, password) = (self.identities_of(person).await?, self.password_of(person).await?);
            let passkeys = self.passkeys_of(person).await?;
            let found = rest.iter().position(|known| known.record.provider.as_str() == provider && *known.record.subject == *subject);
            let found = found.ok_or_else(|| Refusal::new(Reason::NotFound, "this user is not known by this"))?;
            let taken = rest.swap_remove(found);
            let done = self.attempt(moment, &nobody, |reading, moment| {
                password.iter().for_each(|password| reading.rely_on_password(password));
                for known in rest.iter().chain([&taken]) {
                    reading.rely_on_identity(identity::key(&known.record.provider, &known.record.subject), Some(known.version));
                }
                passkeys.iter().for_each(|passkey| reading.rely_on_passkey(passkey.record.key(), Some(passkey.version)));
                Ok(disconnect(&taken.record, password.is_some() || !rest.is_empty() || !passkeys.is_empty(), moment))
            });
            if done.await?.is_some() {
                return Ok(());
            }
        }
        Err(Failure::Contended)
    }
}

fn taken_back() -> Refusal {
    Refusal::new(Reason::Forbidden, "what this user came by was taken back")
}
