//! Administrators: people who hold roles of the management API.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::administrator::appoint::{self, Appoint};
use jeton_core::api::management;
use jeton_core::api_key::create::CreatedKey;
use jeton_core::api_key::state::State;
use jeton_core::id::{Actor, ApiKeyId, PersonId};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::owner::Owner;
use jeton_core::password;
use jeton_core::permission::{BuiltIn, Permissions};
use jeton_core::person::Person;
use jeton_core::record::Value;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::holder::Holder;
use jeton_core::second_factor;
use jeton_core::why::Why;

use crate::failure::Failure;
use crate::keys::filter::KeyFilter;
use crate::once::gone;
use crate::registry::people::Held;
use crate::service::Service;

/// Somebody who holds roles of the management API.
pub struct AdministratorRecord {
    /// Who it is.
    pub person: Person,
    /// The roles, by groups too.
    pub roles: Vec<Held>,
    /// What they may do now.
    pub permissions: Permissions,
}

/// What is asked for.
pub struct MakeAdministrator {
    /// The person; taken in where there is none of this username.
    pub username: String,
    /// What they shall be.
    pub role: BuiltIn,
    /// How long their token lives, in seconds.
    pub expires_in_seconds: Option<i64>,
    /// Where their token is accepted from; empty: from anywhere.
    pub networks: Vec<String>,
}

/// How many tokens are read at a time.
const STEP: usize = 100;

impl Service {
    /// Everybody who holds a role of the management API, by username.
    #[must_use]
    pub fn administrators(&self) -> Vec<AdministratorRecord> {
        let people = &self.registry.people;
        let roles = people.roles.all.after(None, usize::MAX);
        let of_api = roles.iter().filter(|role| management::is_management(&role.record.api));
        let mut found: BTreeMap<Arc<str>, Person> = BTreeMap::new();
        for assignment in of_api.flat_map(|role| people.roles.holders_after(&role.record.id, None, usize::MAX)) {
            let holders: Vec<PersonId> = match &assignment.record.holder {
                Holder::Person(person) => vec![person.clone()],
                Holder::Group(group) => {
                    let members = people.groups.members_after(group, None, usize::MAX);
                    members.iter().map(|membership| membership.record.person.clone()).collect()
                }
            };
            for person in holders.iter().filter_map(|person| people.all.get(person.as_str())) {
                found.insert(person.record.username.clone(), person.record.clone());
            }
        }
        found.into_values().map(|person| self.administrator_record(person)).collect()
    }

    /// Those who can sign in, have a password, and nothing that is asked for beside it. Reads two rows for each: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub(crate) fn administrators_by_password_alone(&self) -> Result<Vec<Arc<str>>, Failure> {
        let view = self.store.view()?;
        let mut alone = vec![];
        for AdministratorRecord { person, .. } in self.administrators().into_iter().filter(|record| record.person.is_active()) {
            let has = |table| Ok::<_, Failure>(view.get(table, &vec![Value::Text(person.id.0.clone())])?.is_some());
            if has(&password::TABLE)? && !has(&second_factor::TABLE)? {
                alone.push(person.username.clone());
            }
        }
        Ok(alone)
    }

    /// Gives a person a role of the management API and a personal access token for what it allows, in one commit. The person is taken in where
    /// there is none of that name.
    ///
    /// # Errors
    /// [`Failure`]; nobody is taken in, and nobody has the role or a token, by this then.
    pub async fn make_administrator(
        &self,
        request: &MakeAdministrator,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<(AdministratorRecord, CreatedKey), Failure> {
        let make = async |moment: Moment| {
            let is_unknown = self.find_user(&request.username).is_err();
            match self.appoint(request, by, &moment).await {
                // Somebody else took them in meanwhile.
                Err(Failure::Refused(_)) if is_unknown && self.find_user(&request.username).is_ok() => {
                    self.appoint(request, by, &moment).await
                }
                done => done,
            }
        };
        let again = async |made: Remembered| {
            let (key, clear) = self.key_once_more(&made, by).await?;
            let Owner::Person(person) = &key.owner else { return Err(gone()) };
            let person = self.registry.people.all.get(person.as_str()).ok_or_else(gone)?.record.clone();
            Ok((person, CreatedKey { key, clear, exception: None }))
        };
        let (person, made) = self.once(moment, make, again).await?;
        Ok((self.administrator_record(person), made))
    }

    async fn appoint(&self, request: &MakeAdministrator, by: &Administrator, moment: &Moment) -> Result<(Person, CreatedKey), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let api = self.find_api(management::id().as_str())?;
            let role = self.find_role(management::role_id(request.role).as_str())?;
            reading.rely_on_role(&role);
            let known = self.find_user(&request.username).ok();
            let assigned = known.as_ref().and_then(|person| {
                reading.rely_on_person(person);
                let holder = Holder::Person(person.record.id.clone());
                let assigned = self.registry.people.roles.assignment(&role.record.id, &holder);
                reading.rely_on_assignment(&role.record.id, &holder, assigned.as_deref());
                assigned
            });
            let person = known.as_ref().map(|person| &person.record);
            let around = self.around_key_of_appointed(reading, api, person, &role.record);
            let appoint = Appoint {
                username: &request.username,
                person,
                role: &role.record,
                is_held: assigned.is_some(),
                expires_in_seconds: request.expires_in_seconds,
                networks: &request.networks,
            };
            let outcome = appoint::appoint(&self.facts(&around), &appoint, by, moment);
            Ok(outcome.remembering(moment, |(_, made)| made.key.id.to_string()))
        })
        .await
    }

    /// Takes from a person every role of the management API. What a group gives them, that group must take first.
    ///
    /// # Errors
    /// `Conflict` where a group gives them one: they have all of them still. Any other [`Failure`]: some may be taken.
    pub async fn remove_administrator(&self, user: &str, actor: &Actor, moment: &Moment) -> Result<AdministratorRecord, Failure> {
        let mut moments = moment.clone();
        let person = self.find_user(user)?.record.clone();
        let held = self.administrator_record(person.clone()).roles;
        if let Some(group) = held.iter().find_map(|held| held.through.as_ref()) {
            let detail = format!("the group `{}` gives them a role", group.record.name);
            return Err(Refusal::new(Reason::Conflict, detail).into());
        }
        for role in &held {
            let holder = format!("user:{}", person.id);
            self.unassign_role(role.role.record.id.as_str(), &holder, actor, &moments.split()).await?;
        }
        Ok(self.administrator_record(person))
    }

    /// A person's tokens for the management API. Reads rows: for a thread that may block.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn administrator_tokens(&self, person: &Person, moment: &Moment) -> Result<Vec<ApiKeyId>, Failure> {
        let filter = KeyFilter { owner: Some(Owner::Person(person.id.clone())), api: Some(management::id()), ..KeyFilter::default() };
        let (mut found, mut after): (_, Option<String>) = (vec![], None);
        loop {
            let page = self.list_keys(&filter, after.as_deref(), STEP, moment)?;
            let standing = page.keys.iter().filter(|entry| !matches!(entry.key.record.state, State::Revoked(_)));
            found.extend(standing.map(|entry| entry.key.record.id));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Ends tokens of somebody who administers no longer.
    ///
    /// # Errors
    /// [`Failure`]; some may have ended then.
    pub async fn end_administrator_tokens(&self, tokens: &[ApiKeyId], actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let mut moments = moment.clone();
        for token in tokens {
            self.revoke_key(*token, Why::NoLongerNeeded, actor, &moments.split()).await?;
        }
        Ok(())
    }

    fn administrator_record(&self, person: Person) -> AdministratorRecord {
        let holder = Holder::Person(person.id.clone());
        let mut roles = self.registry.people.roles_of(&holder);
        roles.retain(|held| management::is_management(&held.role.record.api));
        let rights = self.registry.api(management::id().as_str()).map(|api| self.registry.people.rights(&holder, &api.record).scopes);
        let permissions = rights.as_ref().map_or_else(Permissions::default, Permissions::of_scopes);
        AdministratorRecord { person, roles, permissions }
    }
}
