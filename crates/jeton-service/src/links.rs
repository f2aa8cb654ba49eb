//! Links that are sent to people, or shown to whoever administers: made, looked at, used.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jeton_core::administrator::Administrator;
use jeton_core::commit::Premise;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{Actor, LinkId, PersonId};
use jeton_core::link::make::{Facts as Making, Made, make};
use jeton_core::link::spend::{Facts, is_good, no_link, spend};
use jeton_core::link::{self, BY_PERSON, Link, Purpose};
use jeton_core::moment::Moment;
use jeton_core::password::{self, Password};
use jeton_core::person::Person;
use jeton_core::person::create::CreatePerson;
use jeton_core::person::update::UpdatePerson;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::token::text;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::{Kind, Secret};
use jeton_verify::negatives::Subject;

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// A link that is good, with whose it is.
#[derive(Clone, Debug)]
pub struct Good {
    /// The link.
    pub link: Versioned<Link>,
    /// Whose.
    pub person: Arc<Versioned<Person>>,
    password: Option<Versioned<Password>>,
}

/// What is asked for of somebody who is invited.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    /// Their address.
    pub email: Option<String>,
    /// What they are called; nothing: it stays as it is.
    pub name: Option<String>,
}

/// Somebody who is invited.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Their link.
    pub made: Made,
    /// What they are known by.
    pub username: Arc<str>,
    /// Whether they were taken in by it.
    pub is_new: bool,
}

impl Service {
    /// Invites somebody, and takes them in where nobody of this name is here.
    ///
    /// # Errors
    /// As [`make_link`](Self::make_link); `Conflict` also where they have another address than that; `InvalidRequest` of somebody new without one.
    pub async fn invite(&self, name: &str, asked: &Invitation, by: &Administrator, moment: &Moment) -> Result<Invited, Failure> {
        let mut moments = moment.clone();
        let (person, is_new) = match self.find_user(name) {
            Ok(person) => (person.record.clone(), false),
            Err(_) if asked.email.as_deref().is_none_or(str::is_empty) => {
                let detail = "there is no user of this id or username, and nobody is invited without an address";
                return Err(Refusal::invalid(detail).hinting("say where the invitation goes: `--email`").into());
            }
            Err(_) => {
                let request = CreatePerson {
                    username: name.to_owned(),
                    name: asked.name.clone(),
                    email: asked.email.clone(),
                    ..CreatePerson::default()
                };
                (self.create_user(&request, by, &moments.split()).await?, true)
            }
        };
        if asked.email.as_deref().is_some_and(|email| person.email.as_deref().is_some_and(|known| known != email)) {
            let refusal = Refusal::new(Reason::Conflict, "another address of this user is known");
            return Err(refusal.hinting("`jeton user update --email` changes it").into());
        }
        if !is_new && (asked.name.is_some() || asked.email.is_some()) {
            let request = UpdatePerson { name: asked.name.clone(), email: asked.email.clone(), ..UpdatePerson::default() };
            self.update_user(person.id.as_str(), &request, by, &moments.split()).await?;
        }
        let made = self.make_link(person.id.as_str(), Purpose::Invitation, by, &moments.split()).await?;
        Ok(Invited { made, username: person.username, is_new })
    }

    /// Links are sent from now on, and not told to whoever asks for them.
    pub fn send_links(&self) {
        self.letters.are_sent.store(true, Ordering::Release);
    }

    /// Whether links are sent.
    #[must_use]
    pub fn sends_links(&self) -> bool {
        self.letters.are_sent.load(Ordering::Acquire)
    }

    /// Letters are shown to whoever runs the server from now on: nobody sends any.
    pub fn show_letters(&self) {
        self.letters.are_shown.store(true, Ordering::Release);
    }

    /// Whether a letter comes to anybody's eyes.
    #[must_use]
    pub fn writes_letters(&self) -> bool {
        self.sends_links() || self.letters.are_shown.load(Ordering::Acquire)
    }

    /// Makes a link for a person, which replaces those of the same purpose. Whoever has it could sign in as them: nobody makes one for somebody
    /// with permissions that he lacks.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; `Conflict` where they are disabled, have no address, or, of an invitation, have a password already; any other
    /// [`Failure`]: no link is made then.
    pub async fn make_link(&self, name: &str, purpose: Purpose, by: &Administrator, moment: &Moment) -> Result<Made, Failure> {
        let person = self.find_user(name)?.record.id.clone();
        self.link_for(&person, purpose, by, || self.check_gives_holder(by, &Holder::Person(person.clone())), moment).await
    }

    /// Makes a link that nobody but its person gets to see: they asked for it themselves.
    ///
    /// # Errors
    /// As [`make_link`](Self::make_link), and never `Forbidden`.
    pub(crate) async fn make_own_link(&self, person: &PersonId, purpose: Purpose, by: &Actor, moment: &Moment) -> Result<Made, Failure> {
        self.link_for(person, purpose, by, || Ok(()), moment).await
    }

    /// Sends somebody who is signed in a link by which they show that letters reach them; they asked for it from here.
    ///
    /// # Errors
    /// As [`make_link`](Self::make_link), and never `Forbidden`.
    pub async fn ask_to_confirm_address(&self, person: &PersonId, moment: &Moment) -> Result<(), Failure> {
        self.make_own_link(person, Purpose::EmailVerification, &Actor::person(person), moment).await.map(drop)
    }

    async fn link_for(
        &self,
        person: &PersonId,
        purpose: Purpose,
        by: &Actor,
        may: impl Fn() -> Result<(), Refusal>,
        moment: &Moment,
    ) -> Result<Made, Failure> {
        let (nobody, is_shown) = (Arc::from(""), !self.sends_links());
        for _ in 0..ATTEMPTS {
            let (before, premise) = self.links_of(person, purpose).await?;
            let password = self.password_row(person).await?;
            let made = self.attempt(moment, &nobody, |reading, moment| {
                let record = self.find_user(person.as_str())?;
                reading.rely_on_person(&record);
                may()?;
                reading.rely_on_premise(Some(&premise));
                reading.rely_on_premise(Some(&premise_of(person, password.as_ref())));
                let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
                let facts = Making {
                    person: &record.record,
                    has_password: set_at(password.as_ref()).is_some(),
                    before: &before,
                    not_before_seconds: self.links_ended_before(person),
                    policies: &policies,
                    prefix: &self.prefix,
                    root_keys: &root_keys,
                };
                Ok(make(&facts, purpose, is_shown, by, moment))
            });
            if let Some(made) = made.await? {
                return Ok(made);
            }
        }
        Err(Failure::Contended)
    }

    /// The address of a link, with its text in it.
    #[must_use]
    pub fn link_address(&self, text: &Secret) -> Secret {
        Secret::new(format!("{}/link/{}", self.issuer.as_str().trim_end_matches('/'), text.expose()))
    }

    /// The link of a text, where it is good. Nothing is used by looking.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn link(&self, text: &str, moment: &Moment) -> Result<Option<Good>, Failure> {
        let Some(parsed) = self.made_here(text, Kind::Invitation) else { return Ok(None) };
        let good = self.good_link(LinkId(parsed.id().to_bytes()), moment).await?;
        Ok(good.filter(|good| text::is(text, &good.link.record.proof, &self.registry.root_keys())))
    }

    /// A link that is good, with its text made again from its row; `None` also where the root key lacks its epoch.
    pub(crate) async fn link_again(&self, id: LinkId, moment: &Moment) -> Result<Option<(Good, Secret)>, Failure> {
        let Some(good) = self.good_link(id, moment).await? else { return Ok(None) };
        let text = link::text::again(&good.link.record, self.prefix, &self.registry.root_keys());
        Ok(text.map(|text| (good, text)))
    }

    async fn good_link(&self, id: LinkId, moment: &Moment) -> Result<Option<Good>, Failure> {
        let Some(row) = self.fetch(&link::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        let link = Versioned { version: row.version, record: Link::from_row(&row.record).map_err(damaged)? };
        let password = self.password_row(&link.record.person).await?;
        let Some(person) = self.registry.people.all.get(link.record.person.as_str()) else { return Ok(None) };
        let good = Good { link, person, password };
        let is_good = self.with_facts(&good, |facts| is_good(facts, self.ledger_time(moment).seconds()));
        Ok(is_good.then_some(good))
    }

    /// Uses a link: the password that its person chose counts from now on, and their sessions end.
    ///
    /// # Errors
    /// `NotFound` of every link that is not good; `InvalidRequest` where the password is not taken: the link is good still then; any other
    /// [`Failure`]: it is not known to be used then.
    pub async fn use_link(&self, text: &str, password: Option<&Secret>, moment: &Moment) -> Result<Purpose, Failure> {
        let mut moments = moment.clone();
        let good = self.link(text, moment).await?.ok_or_else(no_link)?;
        let hash = match password {
            Some(password) => {
                self.check_acceptable(&good.person.record, password).await?;
                let hashing = self.hashing()?;
                Some(self.hash_password(hashing, password, &mut moments).await?)
            }
            None => None,
        };
        // Hashing took its time: what has expired meanwhile has expired.
        let (used_at, nobody) = (self.moments.now(), Arc::from(""));
        for _ in 0..ATTEMPTS {
            let good = self.link(text, &used_at).await?.ok_or_else(no_link)?;
            let Link { id, person, purpose, .. } = &good.link.record;
            let its_row = Premise::Row { table: &link::TABLE, key: vec![Value::Id(id.0)], version: Some(good.link.version) };
            let used = self.attempt(&used_at, &nobody, |reading, moment| {
                reading.rely_on_premise(Some(&its_row));
                reading.rely_on_person(&good.person);
                reading.rely_on_premise(Some(&premise_of(person, good.password.as_ref())));
                let root_keys = self.registry.root_keys();
                Ok(self.with_facts(&good, |facts| spend(facts, hash.as_ref().map(|hash| hash.as_str()), &root_keys, moment)))
            });
            if used.await?.is_some() {
                if purpose.sets_password() {
                    self.end_sessions_of(person, &Actor::person(person), &mut moments).await?;
                }
                return Ok(*purpose);
            }
        }
        Err(Failure::Contended)
    }

    fn with_facts<R>(&self, good: &Good, ask: impl FnOnce(Facts<'_>) -> R) -> R {
        let (person, policies) = (&good.person.record, self.registry.policies());
        ask(Facts {
            link: &good.link.record,
            person: Some(person),
            password_set_at: set_at(good.password.as_ref()),
            is_suspended: self.registry.suspended_since(CutOffSubject::User, &person.id.0).is_some(),
            ended_before_seconds: self.links_ended_before(&person.id),
            known_from_seconds: self.registry.sessions_known_from(),
            policies: &policies,
        })
    }

    /// The latest cut-off over anything of a person, in seconds.
    fn links_ended_before(&self, person: &PersonId) -> i64 {
        let negatives = &self.registry.negatives;
        negatives.before(Subject::Everything, "").max(negatives.before(Subject::User, person.as_str()))
    }

    /// The links of a person for a purpose, and what says that these are all.
    async fn links_of(&self, person: &PersonId, purpose: Purpose) -> Result<(Vec<Link>, Premise), Failure> {
        let (store, prefix) = (self.store.clone(), vec![Value::Text(person.0.clone()), Value::text(purpose.name())]);
        let asked = prefix.clone();
        let rows = beside(move || store.view()?.range(&link::TABLE, BY_PERSON, &asked, None, Premise::RANGE_ROWS_MAX)).await;
        let rows = rows.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let links = rows.iter().map(|row| Link::from_row(&row.record)).collect::<Result<Vec<_>, _>>().map_err(damaged)?;
        let rows = rows.iter().zip(&links).map(|(row, link)| (vec![Value::Id(link.id.0)], row.version)).collect();
        Ok((links, Premise::Range { table: &link::TABLE, index: BY_PERSON, prefix, rows }))
    }
}

/// When a password was set, in seconds; `None`: there is none, or nothing is left of it.
fn set_at(password: Option<&Versioned<Password>>) -> Option<i64> {
    password.filter(|password| !password.record.is_stopped()).map(|password| password.record.set_at)
}

/// A password that was read before must still be what it was, or not there.
fn premise_of(person: &PersonId, known: Option<&Versioned<Password>>) -> Premise {
    let version = known.map(|known| known.version);
    Premise::Row { table: &password::TABLE, key: vec![Value::Text(person.0.clone())], version }
}
