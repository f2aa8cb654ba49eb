//! Roles in memory, and who holds them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use jeton_core::id::RoleId;
use jeton_core::record::Versioned;
use jeton_core::role::Role;
use jeton_core::role::assign::Assignment;
use jeton_core::role::holder::Holder;
use papaya::HashMap;

use super::named::{Named, Record};

/// Two APIs may each have a role of the same name: what orders them is name and id.
impl Record for Role {
    fn id(&self) -> &Arc<str> {
        &self.id.0
    }

    fn name(&self) -> Arc<str> {
        Arc::from(format!("{} {}", self.name, self.id))
    }
}

/// Who holds one role, by what is written of them.
type Holders = RwLock<BTreeMap<Arc<str>, Arc<Versioned<Assignment>>>>;

/// All roles. One thread writes: the engine's, as groups of commits become durable.
#[derive(Default)]
pub struct Roles {
    /// The roles themselves.
    pub all: Named<Role>,
    holders: HashMap<Arc<str>, Arc<Holders>>,
    /// Of whom most hold few: a list is replaced as a whole.
    of_holder: HashMap<Holder, Arc<[RoleId]>>,
}

impl Roles {
    /// The roles that somebody holds themselves, those that are gone left out.
    pub(crate) fn of(&self, holder: &Holder) -> Vec<Arc<Versioned<Role>>> {
        let ids = self.of_holder.pin().get(holder).cloned().unwrap_or_default();
        ids.iter().filter_map(|id| self.all.get(id.as_str())).collect()
    }

    /// All of a name: at most one of each API.
    pub(crate) fn named(&self, name: &str) -> Vec<Arc<Versioned<Role>>> {
        // Every id begins so. Among them may stand a role of a longer name that goes on like one.
        let beginning = format!("{name} role_");
        let (mut found, mut after): (Vec<_>, Arc<str>) = (vec![], Arc::from(&*beginning));
        while let [role] = self.all.after(Some(&after), 1).as_slice() {
            after = Record::name(&role.record);
            if !after.starts_with(&beginning) {
                break;
            }
            if &*role.record.name == name {
                found.push(role.clone());
            }
        }
        found
    }

    /// Somebody's assignment to a role.
    pub(crate) fn assignment(&self, role: &RoleId, holder: &Holder) -> Option<Arc<Versioned<Assignment>>> {
        let holders = self.holders.pin().get(&role.0).cloned()?;
        holders.read().unwrap_or_else(PoisonError::into_inner).get(&*holder.to_string()).cloned()
    }

    /// The first of those who hold a role and whose written form comes after this one, in order; at most so many.
    pub(crate) fn holders_after(&self, role: &RoleId, holder: Option<&str>, limit: usize) -> Vec<Arc<Versioned<Assignment>>> {
        let Some(holders) = self.holders.pin().get(&role.0).cloned() else { return vec![] };
        let from = holder.map_or(Bound::Unbounded, Bound::Excluded);
        let holders = holders.read().unwrap_or_else(PoisonError::into_inner);
        holders.range::<str, _>((from, Bound::Unbounded)).take(limit).map(|(_, assignment)| assignment.clone()).collect()
    }

    pub(super) fn put_assignment(&self, assignment: Versioned<Assignment>) {
        let (role, holder) = (assignment.record.role.clone(), assignment.record.holder.clone());
        let holders = self.holders.pin().get_or_insert_with(role.0.clone(), Arc::default).clone();
        holders.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::from(holder.to_string()), Arc::new(assignment));
        let before = self.of_holder.pin().get(&holder).cloned().unwrap_or_default();
        if !before.contains(&role) {
            self.of_holder.pin().insert(holder, before.iter().cloned().chain([role]).collect());
        }
    }

    pub(super) fn remove_assignment(&self, role: &RoleId, holder: &Holder) {
        if let Some(holders) = self.holders.pin().get(&role.0) {
            holders.write().unwrap_or_else(PoisonError::into_inner).remove(&*holder.to_string());
        }
        let before = self.of_holder.pin().get(holder).cloned().unwrap_or_default();
        let rest: Arc<[RoleId]> = before.iter().filter(|other| *other != role).cloned().collect();
        if rest.is_empty() {
            self.of_holder.pin().remove(holder);
        } else {
            self.of_holder.pin().insert(holder.clone(), rest);
        }
    }
}
