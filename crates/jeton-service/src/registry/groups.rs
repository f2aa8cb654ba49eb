//! Groups in memory, and who is in them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use jeton_core::group::Group;
use jeton_core::group::member::Membership;
use jeton_core::id::{GroupId, PersonId};
use jeton_core::record::Versioned;
use papaya::HashMap;

use super::named::{Named, Record};

impl Record for Group {
    fn id(&self) -> &Arc<str> {
        &self.id.0
    }

    fn name(&self) -> Arc<str> {
        self.name.clone()
    }
}

/// The members of one group, by their ids.
type Members = RwLock<BTreeMap<Arc<str>, Arc<Versioned<Membership>>>>;

/// All groups. One thread writes: the engine's, as groups of commits become durable.
#[derive(Default)]
pub struct Groups {
    /// The groups themselves.
    pub all: Named<Group>,
    members: HashMap<Arc<str>, Arc<Members>>,
    /// Of whom most are in few groups: a list is replaced as a whole.
    of_person: HashMap<Arc<str>, Arc<[GroupId]>>,
}

impl Groups {
    /// The groups that somebody is in, those that are gone left out.
    pub(crate) fn of(&self, person: &str) -> Vec<Arc<Versioned<Group>>> {
        let ids = self.of_person.pin().get(person).cloned().unwrap_or_default();
        ids.iter().filter_map(|id| self.all.get(id.as_str())).collect()
    }

    /// Somebody's membership in a group.
    pub(crate) fn membership(&self, group: &GroupId, person: &PersonId) -> Option<Arc<Versioned<Membership>>> {
        let members = self.members.pin().get(&group.0).cloned()?;
        members.read().unwrap_or_else(PoisonError::into_inner).get(&person.0).cloned()
    }

    /// The first of those members of a group whose id comes after this one, in order; at most so many.
    pub(crate) fn members_after(&self, group: &GroupId, person: Option<&str>, limit: usize) -> Vec<Arc<Versioned<Membership>>> {
        let Some(members) = self.members.pin().get(&group.0).cloned() else { return vec![] };
        let from = person.map_or(Bound::Unbounded, Bound::Excluded);
        let members = members.read().unwrap_or_else(PoisonError::into_inner);
        members.range::<str, _>((from, Bound::Unbounded)).take(limit).map(|(_, membership)| membership.clone()).collect()
    }

    /// How many are in a group.
    pub(crate) fn count(&self, group: &GroupId) -> usize {
        let members = self.members.pin().get(&group.0).cloned();
        members.map_or(0, |members| members.read().unwrap_or_else(PoisonError::into_inner).len())
    }

    pub(super) fn put_member(&self, membership: Versioned<Membership>) {
        let (group, person) = (membership.record.group.clone(), membership.record.person.clone());
        let members = self.members.pin().get_or_insert_with(group.0.clone(), Arc::default).clone();
        members.write().unwrap_or_else(PoisonError::into_inner).insert(person.0.clone(), Arc::new(membership));
        let before = self.of_person.pin().get(&person.0).cloned().unwrap_or_default();
        if !before.contains(&group) {
            self.of_person.pin().insert(person.0, before.iter().cloned().chain([group]).collect());
        }
    }

    pub(super) fn remove_member(&self, group: &GroupId, person: &PersonId) {
        if let Some(members) = self.members.pin().get(&group.0) {
            members.write().unwrap_or_else(PoisonError::into_inner).remove(&person.0);
        }
        let before = self.of_person.pin().get(&person.0).cloned().unwrap_or_default();
        let rest: Arc<[GroupId]> = before.iter().filter(|other| *other != group).cloned().collect();
        if rest.is_empty() {
            self.of_person.pin().remove(&person.0);
        } else {
            self.of_person.pin().insert(person.0.clone(), rest);
        }
    }
}
