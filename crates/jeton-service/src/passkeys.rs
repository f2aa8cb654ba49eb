//! Passkeys: added, shown, removed, reset. Nobody guesses what a passkey signs, so that no try is counted.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::commit::{Commit, Premise};
use jeton_core::id::{Actor, PasskeyId, PersonId, SessionId};
use jeton_core::identity::{self, Identity};
use jeton_core::moment::{Moment, Time};
use jeton_core::outcome::Outcome;
use jeton_core::passkey::add::add;
use jeton_core::passkey::assertion::{self, Asserted};
use jeton_core::passkey::challenge::Asked;
use jeton_core::passkey::registration::{self, Created, RelyingParty};
use jeton_core::passkey::remove::{remove_own, reset};
use jeton_core::passkey::{self, BY_PERSON, Flaw, HANDLE_BYTES, Passkey};
use jeton_core::person::Person;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::begin::{Begun, begin_by_passkey};
use jeton_core::session::proof::Method;
use jeton_store::store::{Fault, FaultKind};

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// What somebody made on the page where they add a passkey.
#[derive(Clone, Copy, Debug)]
pub struct AddPasskey<'a> {
    /// What the page asked for.
    pub asked: &'a Asked,
    /// What it called them.
    pub handle: &'a [u8],
    /// What their browser sends.
    pub created: Created<'a>,
    /// What they call it.
    pub name: &'a str,
}

impl Service {
    /// Which server this is to authenticators; `None`: it has no name, only an address, and they know no such server.
    #[must_use]
    pub fn relying_party(&self) -> Option<RelyingParty<'_>> {
        let id = self.issuer.host();
        // A name whose last part is a number is an address to browsers.
        let is_address = id.starts_with('[') || id.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        (!is_address).then(|| RelyingParty { id, origin: self.issuer.origin() })
    }

    /// The passkeys of a person, oldest first.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn passkeys_of(&self, person: &PersonId) -> Result<Vec<Versioned<Passkey>>, Failure> {
        let (store, prefix) = (self.store.clone(), vec![Value::Text(person.0.clone())]);
        let rows = beside(move || store.view()?.range(&passkey::TABLE, BY_PERSON, &prefix, None, Premise::RANGE_ROWS_MAX)).await;
        let rows = rows.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let read = |row: &Versioned<_>| Ok(Versioned { version: row.version, record: Passkey::from_row(&row.record)? });
        let mut passkeys: Vec<Versioned<Passkey>> = rows.iter().map(read).collect::<Result<_, _>>().map_err(damaged)?;
        passkeys.sort_by_key(|passkey| passkey.record.id);
        Ok(passkeys)
    }

    /// What authenticators call somebody: as they do already, or something new.
    #[must_use]
    pub fn passkey_handle(passkeys: &[Versioned<Passkey>], moment: &mut Moment) -> Arc<[u8]> {
        passkeys.first().map_or_else(|| Arc::from(moment.draw::<HANDLE_BYTES>()), |known| known.record.handle.clone())
    }

    /// Adds a passkey for whom a session is of.
    ///
    /// # Errors
    /// `Forbidden`: it was not made as it should; `Conflict`: it is there already, or there are too many; `InvalidRequest`: it cannot be called
    /// so; any other [`Failure`]: it is not known to be there.
    pub async fn add_passkey(&self, session: &Versioned<Session>, asked: AddPasskey<'_>, moment: &Moment) -> Result<Passkey, Failure> {
        let server = self.relying_party().ok_or_else(|| refused(Flaw::OtherServer))?;
        if !self.is_open(asked.asked, moment) {
            return Err(refused(Flaw::OtherChallenge).into());
        }
        let made = registration::read(server, &asked.asked.challenge, asked.created).map_err(refused)?;
        let (person, nobody, key) = (&session.record.person, Arc::from(""), passkey::key(&made.credential));
        for _ in 0..ATTEMPTS {
            let (known, same) = (self.passkeys_of(person).await?, self.fetch_row(&passkey::TABLE, key.clone()).await?);
            let added = self.attempt(moment, &nobody, |reading, moment| {
                let person = self.find_user(person.as_str())?;
                reading.rely_on_person(&person);
                reading.rely_on_session(session.record.id, Some(session.version));
                reading.rely_on_passkey(key.clone(), same.as_ref().map(|same| same.version));
                Ok(add(&person.record, (&made, asked.handle, asked.name), (known.len(), same.is_some()), moment))
            });
            if let Some(passkey) = added.await? {
                return Ok(passkey);
            }
        }
        Err(Failure::Contended)
    }

    /// Begins a session of whoever shows a passkey, or raises the one in which they do. What they answer is answered once.
    ///
    /// # Errors
    /// [`Failure::Fenced`] of a passkey that would sign somebody in and was added before a gap that nobody accepted; any other [`Failure`]:
    /// nobody is signed in by this.
    pub async fn begin_session_by_passkey(
        &self,
        asked: &Asked,
        asserted: &Asserted,
        before: Option<&Versioned<Session>>,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Begun, Failure> {
        let server = self.relying_party().ok_or_else(|| refused(Flaw::OtherServer))?;
        if !self.is_open(asked, moment) {
            return Err(refused(Flaw::OtherChallenge).into());
        }
        let key = passkey::key(&asserted.credential);
        for _ in 0..ATTEMPTS {
            let row = self.fetch_row(&passkey::TABLE, key.clone()).await?.ok_or_else(|| refused(Flaw::OtherPerson))?;
            let known = Passkey::from_row(&row.record).map_err(damaged)?;
            let after = assertion::check(server, &asked.challenge, asserted, &known, moment.now.seconds()).map_err(refused)?;
            // Said to whoever has it alone, and would be signed in by it.
            if self.find_user(known.person.as_str()).is_ok_and(|person| person.record.is_active()) {
                self.check_not_fenced(Time::from_seconds(known.added_at))?;
            }
            let begun = self.signing_in(&known.person, None, before, moment, |facts, moment| {
                let mut begun = begin_by_passkey(facts, (&after, asked), sender, moment);
                let premise = Premise::Row { table: &passkey::TABLE, key: key.clone(), version: Some(row.version) };
                begun.commit.premises.push(premise);
                Ok(begun)
            });
            match begun.await {
                // It has changed since it was read.
                Err(Failure::Contended) => {}
                begun => return begun,
            }
        }
        Err(Failure::Contended)
    }

    /// Removes a passkey of whom a session is of; their other sessions that passkeys began end.
    ///
    /// # Errors
    /// `NotFound`: they have none of this id; `Conflict`: nothing else signs them in; any other [`Failure`]: it may be there still.
    pub async fn remove_passkey(&self, session: &Versioned<Session>, id: PasskeyId, moment: &Moment) -> Result<(), Failure> {
        let (person, nobody) = (&session.record.person, Arc::from(""));
        for _ in 0..ATTEMPTS {
            let (mut rest, password) = (self.passkeys_of(person).await?, self.password_of(person).await?);
            let identities = self.identities_of(person).await?;
            let found = rest.iter().position(|known| known.record.id == id);
            let taken = rest.swap_remove(found.ok_or_else(|| Refusal::new(Reason::NotFound, "this user has no passkey of this id"))?);
            let done = self.attempt(moment, &nobody, |reading, moment| {
                reading.rely_on_session(session.record.id, Some(session.version));
                password.iter().for_each(|password| reading.rely_on_password(password));
                for known in rest.iter().chain([&taken]) {
                    reading.rely_on_passkey(known.record.key(), Some(known.version));
                }
                for known in &identities {
                    reading.rely_on_identity(identity::key(&known.record.provider, &known.record.subject), Some(known.version));
                }
                // A provider's word alone brings nobody in who administers.
                let administers = self.administrators().iter().any(|known| known.person.id == *person);
                let comes_by = |known: &Versioned<Identity>| !(administers && known.record.is_by_word_alone);
                let has_another_way = password.is_some() || !rest.is_empty() || identities.iter().any(comes_by);
                Ok(remove_own(&taken.record, has_another_way, moment))
            });
            if done.await?.is_some() {
                return self.end_sessions_by_passkey(person, Some(session.record.id), &Actor::person(person), moment).await;
            }
        }
        Err(Failure::Contended)
    }

    /// Takes all passkeys of somebody away who lost them, and ends the sessions that these began. Whoever does it could sign in as them, once
    /// he gives them a password: nobody does it to somebody with permissions that he lacks.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; any other [`Failure`]: they are not known to be gone then.
    pub async fn reset_passkeys(&self, name: &str, by: &Administrator, moment: &Moment) -> Result<Person, Failure> {
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let id = self.find_user(name)?.record.id.clone();
            let passkeys = self.passkeys_of(&id).await?;
            let done = self.attempt(moment, &nobody, |reading, moment| {
                let person = self.find_user(id.as_str())?;
                reading.rely_on_person(&person);
                self.check_gives_holder(by, &Holder::Person(id.clone()))?;
                passkeys.iter().for_each(|known| reading.rely_on_passkey(known.record.key(), Some(known.version)));
                let records: Vec<_> = passkeys.iter().map(|known| known.record.clone()).collect();
                Ok(match records.is_empty() {
                    true => Outcome::grant(person.record.clone(), Commit::new(moment)),
                    false => reset(&records, by, moment).map(|()| person.record.clone()),
                })
            });
            if let Some(person) = done.await? {
                self.end_sessions_by_passkey(&id, None, by, moment).await?;
                return Ok(person);
            }
        }
        Err(Failure::Contended)
    }

    async fn end_sessions_by_passkey(&self, person: &PersonId, but: Option<SessionId>, by: &Actor, moment: &Moment) -> Result<(), Failure> {
        let mut moments = moment.clone();
        let sessions = self.sessions_of(person).await?;
        let by_passkey = sessions.iter().filter(|session| session.record.authenticated.amr.iter().any(|method| method == Method::Key));
        for session in by_passkey.filter(|session| Some(session.record.id) != but) {
            match self.end_session(session.record.id, by, &moments.split()).await {
                // It has ended meanwhile.
                Ok(_) | Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Whether an answer is waited for still, and would be known if it had come.
    fn is_open(&self, asked: &Asked, moment: &Moment) -> bool {
        let known_from = self.registry.sessions_known_from().max(self.registry.marks_known_from());
        asked.is_open(known_from, moment.now.seconds())
    }
}

/// What is said of a passkey that proves nothing: which flaw it has is for whoever looks after the server.
fn refused(flaw: Flaw) -> Refusal {
    tracing::debug!(%flaw, "a passkey was refused");
    Refusal::new(Reason::Forbidden, "this passkey proves nothing here")
}
