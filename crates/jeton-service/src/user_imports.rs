//! Taking in people who are known elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::permission::Permission;
use jeton_core::person::Person;
use jeton_core::person::import::{ImportPerson, Imported, PersonToImport, RIGHTS_MAX, Rights, import};
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::Role;
use jeton_core::role::holder::Holder;

use crate::failure::Failure;
use crate::service::Service;
use crate::transact::Reading;

/// Somebody to take in, with what they shall have, by name.
pub struct UserToImport {
    /// Who.
    pub person: PersonToImport,
    /// The groups, by name or id.
    pub groups: Vec<String>,
    /// The roles: a name or an id, or, where more than one API has a role of the name, the API's audience, a space and the name.
    pub roles: Vec<String>,
}

impl Service {
    /// Takes people in: all that can be, in one commit, and says what became of each.
    ///
    /// # Errors
    /// [`Failure`]; nobody is taken in then.
    pub async fn import_users(&self, users: &[UserToImport], by: &Administrator, moment: &Moment) -> Result<Vec<Imported>, Failure> {
        let make = async |moment: Moment| {
            let (known, nobody) = (self.count_known(users), Arc::from(""));
            let import = || self.transact(&moment, &nobody, |reading, moment| self.decide_user_import(reading, users, by, moment));
            match import().await {
                // Somebody else took one of them in meanwhile.
                Err(Failure::Refused(_)) if self.count_known(users) != known => import().await,
                done => done,
            }
        };
        let again = async |made: Remembered| self.imported_users_once_more(users, &made, by, moment);
        self.once(moment, make, again).await
    }

    /// What would become of them.
    ///
    /// # Errors
    /// As of [`import_users`](Self::import_users).
    pub fn plan_user_import(&self, users: &[UserToImport], by: &Administrator, moment: &Moment) -> Result<Vec<Imported>, Failure> {
        self.plan(moment, |reading, moment| self.decide_user_import(reading, users, by, moment))?.verdict.map_err(Failure::Refused)
    }

    fn decide_user_import(
        &self,
        reading: &Reading<'_>,
        users: &[UserToImport],
        by: &Administrator,
        moment: &mut Moment,
    ) -> Result<Outcome<Vec<Imported>>, Failure> {
        let imports: Vec<ImportPerson<'_>> = users
            .iter()
            .map(|user| ImportPerson {
                request: &user.person,
                rights: self.rights_to_import(reading, user, by),
                is_known: self.user_of(user).is_some(),
            })
            .collect();
        let outcome = import(&imports, &self.registry.root_keys(), by, moment);
        Ok(outcome.remembering(moment, |imported| ids_of(imported).join(" ")))
    }

    /// The groups and roles that somebody names. Nobody gives by them what they have not.
    fn rights_to_import(&self, reading: &Reading<'_>, user: &UserToImport, by: &Administrator) -> Result<Rights, Refusal> {
        if user.groups.len() > RIGHTS_MAX || user.roles.len() > RIGHTS_MAX {
            return Err(Refusal::invalid(format!("somebody is put into {RIGHTS_MAX} groups, and gets {RIGHTS_MAX} roles, at most")));
        }
        if !user.roles.is_empty() {
            by.check_has(Permission::RolesWrite)?;
        }
        let (mut groups, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for name in &user.groups {
            let group = self.find_group(name).map_err(|_| not_found("group", "jeton group create"))?;
            reading.rely_on_group(&group);
            let through = self.registry.people.roles.of(&Holder::Group(group.record.id.clone()));
            by.check_gives_roles(through.iter().map(|role| &role.record))?;
            groups.insert(group.record.id.0.clone(), group.record.clone());
        }
        for name in &user.roles {
            let role = self.role_to_import(name)?;
            reading.rely_on_role(&role);
            by.check_gives_roles([&role.record])?;
            roles.insert(role.record.id.0.clone(), role.record.clone());
        }
        Ok(Rights { groups: groups.into_values().collect(), roles: roles.into_values().collect() })
    }

    fn role_to_import(&self, text: &str) -> Result<Arc<Versioned<Role>>, Refusal> {
        let of_api = || {
            let (audience, name) = text.split_once(' ')?;
            let api = self.find_api(audience).ok()?;
            self.registry.people.roles.named(name).into_iter().find(|role| role.record.api == api.record.id)
        };
        match self.find_role(text) {
            Err(refusal) if refusal.reason == Reason::NotFound => of_api().ok_or_else(|| not_found("role", "jeton role create")),
            found => found,
        }
    }

    /// Whoever has the username of somebody who is to be taken in.
    fn user_of(&self, user: &UserToImport) -> Option<Arc<Versioned<Person>>> {
        self.registry.people.all.named(&user.person.described.username.to_ascii_lowercase())
    }

    fn count_known(&self, users: &[UserToImport]) -> usize {
        users.iter().filter(|user| self.user_of(user).is_some()).count()
    }

    /// What became of them when they were taken in: those of this request are told as they are now.
    fn imported_users_once_more(
        &self,
        users: &[UserToImport],
        made: &Remembered,
        by: &Administrator,
        moment: &Moment,
    ) -> Result<Vec<Imported>, Failure> {
        let mut left: Vec<&str> = made.made.split(' ').collect();
        let mut planned = self.plan_user_import(users, by, moment)?;
        for (imported, user) in planned.iter_mut().zip(users) {
            let person = self.user_of(user);
            // Where a request named the same person twice, the first one made them.
            let place = person.as_ref().and_then(|person| left.iter().position(|id| *id == person.record.id.as_str()));
            match (&imported, person, place.map(|place| left.swap_remove(place))) {
                (_, Some(person), Some(_)) => *imported = Imported::Made(Box::new(person.record.clone())),
                (Imported::Made(_), _, _) => {
                    let detail = "they were not taken in with this request, or are gone: with another `Idempotency-Key` they are taken in";
                    *imported = Imported::Refused(Refusal::new(Reason::Conflict, detail));
                }
                _ => {}
            }
        }
        Ok(planned)
    }
}

fn not_found(what: &str, command: &str) -> Refusal {
    Refusal::new(Reason::NotFound, format!("there is no {what} of a name that is given: make it first, with `{command}`"))
}

fn ids_of(imported: &[Imported]) -> Vec<String> {
    let made = |imported: &Imported| match imported {
        Imported::Made(person) => Some(person.id.to_string()),
        Imported::Existed | Imported::Refused(_) => None,
    };
    imported.iter().filter_map(made).collect()
}
