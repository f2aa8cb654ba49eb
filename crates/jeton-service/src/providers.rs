//! Providers by which people sign in: made, changed, removed; and who somebody is who comes from one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api::management::is_management;
use jeton_core::id::{Actor, PersonId, RoleId};
use jeton_core::identity::arrive::{Facts, Known, Linked, arrive};
use jeton_core::identity::{self, Identity};
use jeton_core::moment::{Moment, Time};
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::permission::Permission;
use jeton_core::person::Person;
use jeton_core::provider::create::{CreateProvider, create};
use jeton_core::provider::delete::delete;
use jeton_core::provider::id_token::Said;
use jeton_core::provider::update::update;
use jeton_core::provider::{Provider, Settings};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::Role;
use jeton_core::role::holder::Holder;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;

use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::once::gone;
use crate::service::Service;
use crate::transact::{ATTEMPTS, Reading};

/// More than one has an address: that is all that is asked.
const SEVERAL: usize = 2;

/// What is asked for of a provider, with the roles as they were named.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// All but the roles.
    pub settings: Settings,
    /// The name or id of the role that each value gives; `None`: they stay.
    pub roles: Option<BTreeMap<String, String>>,
}

impl Service {
    /// A provider by its id or its name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find_provider(&self, name: &str) -> Result<Arc<Versioned<Provider>>, Refusal> {
        let providers = &self.registry.people.providers;
        let found = providers.get(name).or_else(|| providers.named(name));
        found.ok_or_else(|| Refusal::new(Reason::NotFound, "there is no provider of this id or name"))
    }

    /// All providers, by name.
    #[must_use]
    pub fn providers(&self) -> Vec<Arc<Versioned<Provider>>> {
        self.registry.people.providers.after(None, usize::MAX)
    }

    /// The address that a provider sends people back to.
    #[must_use]
    pub fn provider_redirect_uri(&self, provider: &Provider) -> String {
        self.issuer.endpoint(&format!("/signin/with/{}/callback", provider.name))
    }

    /// Makes a provider of this name for this issuer.
    ///
    /// # Errors
    /// [`Failure`]; nothing is made then.
    pub async fn create_provider(
        &self,
        (name, issuer): (&str, &str),
        asked: &Asked,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Provider, Failure> {
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let settings = self.settings(reading, asked, by)?;
                let request = CreateProvider { name: name.to_owned(), issuer: issuer.to_owned(), settings };
                let outcome = create(&request, &self.registry.root_keys(), by, moment);
                Ok(outcome.remembering(moment, |provider| provider.id.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| Ok(self.registry.people.providers.get(&made.made).ok_or_else(gone)?.record.clone());
        self.once(moment, make, again).await
    }

    /// Changes a provider.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_provider(&self, name: &str, asked: &Asked, by: &Administrator, moment: &Moment) -> Result<Provider, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let provider = self.find_provider(name)?;
            reading.rely_on_provider(&provider);
            let settings = self.settings(reading, asked, by)?;
            Ok(update(&provider.record, &settings, &self.registry.root_keys(), by, moment))
        })
        .await
    }

    /// Removes a provider; nobody signs in by it any more.
    ///
    /// # Errors
    /// [`Failure`]; nothing is removed then.
    pub async fn delete_provider(&self, name: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let provider = self.find_provider(name)?;
            reading.rely_on_provider(&provider);
            Ok(delete(&provider.record, actor, moment))
        })
        .await
    }

    /// The secret that this server has at a provider.
    ///
    /// # Errors
    /// It does not open under this root key.
    pub fn provider_secret(&self, provider: &Provider) -> Result<Secret, Failure> {
        let opened = provider.secret(&self.registry.root_keys());
        opened.map_err(|error| Failure::Fault(Fault::new(FaultKind::Damaged, error.to_string())))
    }

    /// Who somebody is of whom a provider says this: known here before, or from now on.
    ///
    /// # Errors
    /// `Forbidden`: nobody; `Fenced`: they are, and it may have been taken back since; any other [`Failure`]: it is not known.
    pub async fn arrive(&self, provider: &Versioned<Provider>, said: &Said, moment: &Moment) -> Result<PersonId, Failure> {
        self.check_not_fenced(Time::from_seconds(provider.record.updated_at))?;
        let (key, nobody) = (identity::key(&provider.record.id, &said.subject), Arc::from(""));
        for _ in 0..ATTEMPTS {
            let row = self.fetch_row(&identity::TABLE, key.clone()).await?;
            let identity = row.as_ref().map(|row| Identity::from_row(&row.record)).transpose().map_err(damaged)?;
            let found = match &identity {
                Some(identity) => {
                    self.check_not_fenced(Time::from_seconds(identity.linked_at))?;
                    Found::Linked(self.registry.people.all.get(identity.person.as_str()), identity.is_by_word_alone)
                }
                None => Found::ByAddress(self.bearers_of(&provider.record, said).await?),
            };
            let decided = self.attempt(moment, &nobody, |reading, moment| {
                reading.rely_on_provider(provider);
                reading.rely_on_identity(key.clone(), row.as_ref().map(|row| row.version));
                Ok(self.decide_arrival(reading, &provider.record, said, &found, moment))
            });
            if let Some(person) = decided.await? {
                return Ok(person);
            }
        }
        Err(Failure::Contended)
    }

    /// Who has the address that a provider proves, in whatever letters, and confirmed it: one or more than one.
    async fn bearers_of(&self, provider: &Provider, said: &Said) -> Result<Vec<Bearer>, Failure> {
        let people = &self.registry.people;
        let Some(email) = said.proven(provider) else { return Ok(vec![]) };
        let mut bearers = vec![];
        for id in people.addresses.of(&email.to_ascii_lowercase(), SEVERAL) {
            let Some(person) = people.all.get(id.as_str()) else { continue };
            self.check_not_fenced(Time::from_seconds(person.record.created_at))?;
            let is_called_otherwise = self.identities_of(&id).await?.iter().any(|known| known.record.provider == provider.id);
            bearers.push(Bearer { person, is_called_otherwise });
        }
        Ok(bearers)
    }

    fn decide_arrival(
        &self,
        reading: &Reading<'_>,
        provider: &Provider,
        said: &Said,
        found: &Found,
        moment: &mut Moment,
    ) -> Outcome<PersonId> {
        let people = &self.registry.people;
        let given: BTreeSet<&RoleId> = provider.roles.values().collect();
        let roles: Vec<Arc<Versioned<Role>>> = given.into_iter().filter_map(|role| people.roles.all.get(role.as_str())).collect();
        roles.iter().for_each(|role| reading.rely_on_role(role));
        let known = |person: &'_ Arc<Versioned<Person>>| {
            let holder = Holder::Person(person.record.id.clone());
            reading.rely_on_person(person);
            for role in &roles {
                let assignment = people.roles.assignment(&role.record.id, &holder);
                reading.rely_on_assignment(&role.record.id, &holder, assignment.as_deref());
            }
            let held = people.roles.of(&holder).iter().map(|role| role.record.id.clone()).collect();
            (held, people.roles_of(&holder).iter().any(|held| is_management(&held.role.record.api)))
        };
        let of = |person, is_called_otherwise| {
            let (roles, administers) = known(person);
            Known { person: &person.record, roles, administers, is_called_otherwise }
        };
        let (linked, bearers) = match found {
            Found::Linked(person, is_by_word_alone) => {
                let person = person.as_ref().map(|person| of(person, true));
                (Some(Linked { person, is_by_word_alone: *is_by_word_alone }), vec![])
            }
            Found::ByAddress(bearers) => (None, bearers.iter().map(|bearer| of(&bearer.person, bearer.is_called_otherwise)).collect()),
        };
        let roles: Vec<&Role> = roles.iter().map(|role| &role.record).collect();
        let is_taken = |username: &str| people.all.named(username).is_some();
        arrive(&Facts { provider, said, linked, bearers: &bearers, roles: &roles, is_taken: &is_taken }, moment)
    }

    /// What is asked for, with the roles that are named: by whoever may give them.
    fn settings(&self, reading: &Reading<'_>, asked: &Asked, by: &Administrator) -> Result<Settings, Refusal> {
        // Whom it lets in it takes in, too.
        by.check_has(Permission::PeopleWrite)?;
        let role = |(value, name): (&String, &String)| {
            let role = self.find_role(name)?;
            reading.rely_on_role(&role);
            by.check_gives_roles([&role.record])?;
            Ok((value.clone(), role.record.clone()))
        };
        let roles = asked.roles.as_ref().map(|roles| roles.iter().map(role).collect::<Result<_, Refusal>>()).transpose()?;
        Ok(Settings { roles, ..asked.settings.clone() })
    }
}

/// Who somebody may be.
enum Found {
    /// Who came before by that name; `None`: they are gone. And whether the provider's word alone proved it.
    Linked(Option<Arc<Versioned<Person>>>, bool),
    /// Those who have their address.
    ByAddress(Vec<Bearer>),
}

/// Somebody who has an address.
struct Bearer {
    person: Arc<Versioned<Person>>,
    /// Whether the provider calls them something already.
    is_called_otherwise: bool,
}
