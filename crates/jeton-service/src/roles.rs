//! Roles and who holds them: made, changed, removed, listed.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::api::Api;
use jeton_core::api::management::check_role_changeable;
use jeton_core::commit::Commit;
use jeton_core::id::{Actor, RoleId};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::Role;
use jeton_core::role::assign::{Assignment, assign, unassign};
use jeton_core::role::create::{CreateRole, create};
use jeton_core::role::delete::{delete, remove};
use jeton_core::role::holder::Holder;
use jeton_core::role::update::{UpdateRole, update};

use crate::failure::Failure;
use crate::once::gone;
use crate::service::Service;
use crate::transact::Reading;

impl Service {
    /// A role by its id, or by its name where only one API has a role of it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where the name says too little.
    pub fn find_role(&self, name: &str) -> Result<Arc<Versioned<Role>>, Refusal> {
        let roles = &self.registry.people.roles;
        if let Some(role) = roles.all.get(name) {
            return Ok(role);
        }
        match roles.named(name).as_slice() {
            [] => Err(Refusal::new(Reason::NotFound, "there is no role of this id or name")),
            [role] => Ok(role.clone()),
            _ => Err(Refusal::new(Reason::Conflict, "more than one API has a role of this name: name it by its id")),
        }
    }

    /// A person or a group, written `user:` or `group:` and an id or a name.
    ///
    /// # Errors
    /// `NotFound`; `InvalidRequest` where it is written otherwise.
    pub fn find_holder(&self, text: &str) -> Result<Holder, Refusal> {
        match text.split_once(':') {
            Some(("user", name)) => Ok(Holder::Person(self.find_user(name)?.record.id.clone())),
            Some(("group", name)) => Ok(Holder::Group(self.find_group(name)?.record.id.clone())),
            _ => Err(Refusal::invalid("who holds a role is written `user:USERNAME` or `group:NAME`, or with the id")),
        }
    }

    /// The first who hold a role and whose written form comes after this one, in order; at most so many.
    #[must_use]
    pub fn holders_after(&self, role: &Role, holder: Option<&str>, limit: usize) -> Vec<Arc<Versioned<Assignment>>> {
        self.registry.people.roles.holders_after(&role.id, holder, limit)
    }

    /// Makes a role of an API.
    ///
    /// # Errors
    /// [`Failure`]; nothing is made then.
    pub async fn create_role(&self, api: &str, request: &CreateRole, by: &Administrator, moment: &Moment) -> Result<Role, Failure> {
        let make = async |moment: Moment| {
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let api = self.find_api(api)?;
                reading.rely_on_api(&api);
                let outcome = create(request, &api.record, by, moment);
                by.check_gives_roles(outcome.verdict.as_ref().ok())?;
                Ok(outcome.remembering(moment, |role| role.id.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| {
            let role = self.registry.people.roles.all.get(&made.made).ok_or_else(gone)?.record.clone();
            by.check_gives_roles([&role])?;
            Ok(role)
        };
        self.once(moment, make, again).await
    }

    /// Changes a role.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_role(&self, name: &str, request: &UpdateRole, by: &Administrator, moment: &Moment) -> Result<Role, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let role = self.find_role(name)?;
            let api = self.find_api(role.record.api.as_str())?;
            reading.rely_on_role(&role);
            reading.rely_on_api(&api);
            check_role_changeable(&role.record)?;
            let outcome = update(&role.record, request, &api.record, by, moment);
            if let Ok(updated) = &outcome.verdict {
                by.check_gives(&updated.api, &updated.scopes.difference(&role.record.scopes))?;
            }
            Ok(outcome)
        })
        .await
    }

    /// Removes a role; nobody has anything by it any longer.
    ///
    /// # Errors
    /// [`Failure`]; nothing is removed then.
    pub async fn delete_role(&self, name: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let role = self.find_role(name)?;
            reading.rely_on_role(&role);
            check_role_changeable(&role.record)?;
            Ok(delete(&role.record, &self.assignments_of(&role.record.id), actor, moment))
        })
        .await
    }

    /// Gives a role to a person or a group; who holds it already keeps it.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn assign_role(&self, role: &str, holder: &str, by: &Administrator, moment: &Moment) -> Result<(), Failure> {
        self.change_holder((role, holder), moment, |role, holder, is_held, moment| {
            by.check_gives_roles([role])?;
            Ok(assign(role, holder, is_held, by, moment))
        })
        .await
    }

    /// Takes a role from a person or a group; who does not hold it stays without.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn unassign_role(&self, role: &str, holder: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_holder((role, holder), moment, |role, holder, is_held, moment| Ok(unassign(role, holder, is_held, actor, moment))).await
    }

    /// Takes away the roles of an API that goes itself.
    pub(crate) fn forget_roles(&self, reading: &Reading<'_>, mut commit: Commit, api: &Api, actor: &Actor) -> Commit {
        for role in self.registry.people.roles.all.after(None, usize::MAX).iter().filter(|role| role.record.api == api.id) {
            reading.rely_on_role(role);
            commit = remove(commit, &role.record, &self.assignments_of(&role.record.id), actor);
        }
        commit
    }

    fn assignments_of(&self, role: &RoleId) -> Vec<Assignment> {
        let held = self.registry.people.roles.holders_after(role, None, usize::MAX);
        held.iter().map(|assignment| assignment.record.clone()).collect()
    }

    async fn change_holder(
        &self,
        (role, holder): (&str, &str),
        moment: &Moment,
        decide: impl Fn(&Role, &Holder, bool, &mut Moment) -> Result<Outcome<()>, Refusal>,
    ) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let (role, holder) = (self.find_role(role)?, self.find_holder(holder)?);
            reading.rely_on_role(&role);
            // Who holds it may be gone by then.
            match &holder {
                Holder::Person(person) => reading.rely_on_person(&*self.find_user(person.as_str())?),
                Holder::Group(group) => reading.rely_on_group(&*self.find_group(group.as_str())?),
            }
            let found = self.registry.people.roles.assignment(&role.record.id, &holder);
            reading.rely_on_assignment(&role.record.id, &holder, found.as_deref());
            Ok(decide(&role.record, &holder, found.is_some(), moment)?)
        })
        .await
    }
}
