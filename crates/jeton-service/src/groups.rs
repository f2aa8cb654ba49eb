//! Groups and their members: made, changed, removed, listed.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::group::Group;
use jeton_core::group::create::{CreateGroup, create};
use jeton_core::group::delete::delete;
use jeton_core::group::member::{self, Membership};
use jeton_core::group::update::{UpdateGroup, update};
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::person::Person;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::role::assign::Assignment;
use jeton_core::role::holder::Holder;

use crate::failure::Failure;
use crate::keys::owned::Owned;
use crate::once::gone;
use crate::service::Service;

/// One member of a group.
pub struct Member {
    /// Who it is.
    pub person: Arc<Versioned<Person>>,
    /// Since when, in seconds.
    pub since: i64,
}

impl Service {
    /// A group by its id or its name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn find_group(&self, name: &str) -> Result<Arc<Versioned<Group>>, Refusal> {
        let groups = &self.registry.people.groups.all;
        groups
            .get(name)
            .or_else(|| groups.named(name))
            .ok_or_else(|| Refusal::new(Reason::NotFound, "there is no group of this id or name"))
    }

    /// The groups that a person is in, by name.
    #[must_use]
    pub fn groups_of(&self, person: &Person) -> Vec<Arc<Versioned<Group>>> {
        let mut groups = self.registry.people.groups.of(person.id.as_str());
        groups.sort_by(|one, other| one.record.name.cmp(&other.record.name));
        groups
    }

    /// How many people are in a group.
    #[must_use]
    pub fn count_members(&self, group: &Group) -> usize {
        self.registry.people.groups.count(&group.id)
    }

    /// The first members of a group whose id comes after this one, in order; at most so many.
    #[must_use]
    pub fn members_after(&self, group: &Group, user: Option<&str>, limit: usize) -> Vec<Member> {
        let people = &self.registry.people;
        let found = people.groups.members_after(&group.id, user, limit).into_iter().filter_map(|membership| {
            let person = people.all.get(membership.record.person.as_str())?;
            Some(Member { person, since: membership.record.created_at })
        });
        found.collect()
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`Failure`]; nothing is made then.
    pub async fn create_group(&self, request: &CreateGroup, actor: &Actor, moment: &Moment) -> Result<Group, Failure> {
        let make = async |moment: Moment| {
            let decide = |moment: &mut Moment| create(request, actor, moment).remembering(moment, |group| group.id.to_string());
            self.transact(&moment, &Arc::from(""), |_, moment| Ok(decide(moment))).await
        };
        let again = async |made: Remembered| Ok(self.registry.people.groups.all.get(&made.made).ok_or_else(gone)?.record.clone());
        self.once(moment, make, again).await
    }

    /// Changes a group's name or description.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn update_group(&self, name: &str, request: &UpdateGroup, actor: &Actor, moment: &Moment) -> Result<Group, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let group = self.find_group(name)?;
            reading.rely_on_group(&group);
            Ok(update(&group.record, request, actor, moment))
        })
        .await
    }

    /// Removes a group, of which these keys were found; what its members had by it, they have no longer.
    ///
    /// # Errors
    /// [`Failure`]; nothing is removed then.
    pub async fn delete_group(&self, name: &str, owned: &Owned, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let group = self.find_group(name)?;
            reading.rely_on_group(&group);
            reading.rely_on_premise(owned.premise.as_ref());
            let people = &self.registry.people;
            let members = people.groups.members_after(&group.record.id, None, usize::MAX);
            let members: Vec<Membership> = members.iter().map(|membership| membership.record.clone()).collect();
            let holder = Holder::Group(group.record.id.clone());
            let assignments = people.roles.of(&holder).into_iter().map(|role| {
                let (role, holder) = (role.record.id.clone(), holder.clone());
                Assignment { role, holder, created_at: 0 }
            });
            Ok(delete(&group.record, owned.live, (&members, &assignments.collect::<Vec<_>>()), actor, moment))
        })
        .await
    }

    /// Adds somebody to a group; who is in it already stays.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn add_member(&self, group: &str, user: &str, by: &Administrator, moment: &Moment) -> Result<(), Failure> {
        self.change_member((group, user), moment, |group, person, is_member, moment| {
            let roles = self.registry.people.roles.of(&Holder::Group(group.id.clone()));
            by.check_gives_roles(roles.iter().map(|role| &role.record))?;
            Ok(member::add(group, person, is_member, by, moment))
        })
        .await
    }

    /// Takes somebody out of a group; who is not in it stays outside.
    ///
    /// # Errors
    /// [`Failure`]; nothing is changed then.
    pub async fn remove_member(&self, group: &str, user: &str, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        self.change_member((group, user), moment, |group, person, is_member, moment| {
            Ok(member::remove(group, person, is_member, actor, moment))
        })
        .await
    }

    async fn change_member(
        &self,
        (group, user): (&str, &str),
        moment: &Moment,
        decide: impl Fn(&Group, &Person, bool, &mut Moment) -> Result<Outcome<()>, Refusal>,
    ) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let (group, person) = (self.find_group(group)?, self.find_user(user)?);
            reading.rely_on_group(&group);
            reading.rely_on_person(&person);
            let found = self.registry.people.groups.membership(&group.record.id, &person.record.id);
            reading.rely_on_membership(&group.record.id, &person.record.id, found.as_deref());
            Ok(decide(&group.record, &person.record, found.is_some(), moment)?)
        })
        .await
    }
}
