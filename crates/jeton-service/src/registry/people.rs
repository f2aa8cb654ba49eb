//! People in memory, with their groups and roles: what they may do at an API now.

use std::sync::Arc;

use jeton_core::api::{Api, parse_scope_list};
use jeton_core::commit::Sequence;
use jeton_core::group::{self, Group, member, member::Membership};
use jeton_core::person::{self, Person};
use jeton_core::provider::{self, Provider};
use jeton_core::record::{Key, Malformed, Row, Table, Value, Versioned};
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::role::assign::{self, Assignment};
use jeton_core::role::holder::Holder;
use jeton_core::role::{self, Role};
use jeton_oauth::scope::ScopeSet;

use super::addresses::Addresses;
use super::groups::Groups;
use super::named::{Named, Record};
use super::roles::Roles;

impl Record for Person {
    fn id(&self) -> &Arc<str> {
        &self.id.0
    }

    fn name(&self) -> Arc<str> {
        self.username.clone()
    }
}

impl Record for Provider {
    fn id(&self) -> &Arc<str> {
        &self.id.0
    }

    fn name(&self) -> Arc<str> {
        self.name.clone()
    }
}

/// Everybody, and what they may do.
#[derive(Default)]
pub struct People {
    /// The people.
    pub all: Named<Person>,
    /// Their addresses.
    pub addresses: Addresses,
    /// Their groups.
    pub groups: Groups,
    /// Their roles, and those of groups.
    pub roles: Roles,
    /// The providers by which they sign in.
    pub providers: Named<Provider>,
}

/// A role that somebody holds.
pub struct Held {
    /// The role.
    pub role: Arc<Versioned<Role>>,
    /// The group that it comes through, where they do not hold it themselves.
    pub through: Option<Arc<Versioned<Group>>>,
}

/// The tables that are kept here.
pub(super) static TABLES: [&Table; 6] = [&person::TABLE, &group::TABLE, &member::TABLE, &role::TABLE, &assign::TABLE, &provider::TABLE];

impl People {
    /// What a person or a group may do at an API now: the scopes of their roles of that API, a person's own and those of the groups that
    /// they are in, as far as the API has them still. Who is disabled or gone may do nothing.
    #[must_use]
    pub fn rights(&self, holder: &Holder, api: &Api) -> Rights {
        match self.standing(holder) {
            OwnerStanding::Stands => Rights { scopes: self.scopes(holder, api), standing: OwnerStanding::Stands },
            standing => Rights { scopes: ScopeSet::empty(), standing },
        }
    }

    /// The roles of a person or a group, a person's by their groups too.
    #[must_use]
    pub fn roles_of(&self, holder: &Holder) -> Vec<Held> {
        let mut roles: Vec<Held> = self.roles.of(holder).into_iter().map(|role| Held { role, through: None }).collect();
        if let Holder::Person(person) = holder {
            for group in self.groups.of(person.as_str()) {
                let through = self.roles.of(&Holder::Group(group.record.id.clone()));
                roles.extend(through.into_iter().map(|role| Held { role, through: Some(group.clone()) }));
            }
        }
        roles
    }

    fn standing(&self, holder: &Holder) -> OwnerStanding {
        match holder {
            Holder::Person(person) => match self.all.get(person.as_str()) {
                Some(person) if person.record.is_active() => OwnerStanding::Stands,
                Some(_) => OwnerStanding::Disabled,
                None => OwnerStanding::Gone,
            },
            Holder::Group(group) => match self.groups.all.get(group.as_str()) {
                Some(_) => OwnerStanding::Stands,
                None => OwnerStanding::Gone,
            },
        }
    }

    fn scopes(&self, holder: &Holder, api: &Api) -> ScopeSet {
        let roles = self.roles_of(holder);
        let of_api: Vec<&Role> = roles.iter().map(|held| &held.role.record).filter(|role| role.api == api.id).collect();
        let held = api.scopes.keys().map(String::as_str).filter(|name| of_api.iter().any(|role| role.scopes.contains(name)));
        // Names that the API has were read as scopes before.
        parse_scope_list(&held.collect::<Vec<_>>().join(" ")).unwrap_or_else(|_| ScopeSet::empty())
    }

    pub(super) fn put(&self, table: &'static Table, version: Sequence, row: &Row) -> Result<(), Malformed> {
        if std::ptr::eq(table, &person::TABLE) {
            let record = Person::from_row(row)?;
            let before = self.all.get(record.id.as_str());
            self.addresses.change(before.as_deref().map(|before| &before.record), Some(&record));
            self.all.put(Versioned { version, record });
        } else if std::ptr::eq(table, &group::TABLE) {
            self.groups.all.put(Versioned { version, record: Group::from_row(row)? });
        } else if std::ptr::eq(table, &member::TABLE) {
            self.groups.put_member(Versioned { version, record: Membership::from_row(row)? });
        } else if std::ptr::eq(table, &role::TABLE) {
            self.roles.all.put(Versioned { version, record: Role::from_row(row)? });
        } else if std::ptr::eq(table, &assign::TABLE) {
            self.roles.put_assignment(Versioned { version, record: Assignment::from_row(row)? });
        } else if std::ptr::eq(table, &provider::TABLE) {
            self.providers.put(Versioned { version, record: Provider::from_row(row)? });
        }
        Ok(())
    }

    pub(super) fn delete(&self, table: &'static Table, key: &Key) -> Result<(), Malformed> {
        if std::ptr::eq(table, &member::TABLE) {
            let (group, person) = member::of_key(key)?;
            self.groups.remove_member(&group, &person);
        } else if std::ptr::eq(table, &assign::TABLE) {
            let (role, holder) = assign::of_key(key)?;
            self.roles.remove_assignment(&role, &holder);
        } else if let Some(id) = key.first().and_then(Value::as_text) {
            if std::ptr::eq(table, &person::TABLE) {
                self.addresses.change(self.all.get(id).as_deref().map(|gone| &gone.record), None);
                self.all.remove(id);
            } else if std::ptr::eq(table, &group::TABLE) {
                self.groups.all.remove(id);
            } else if std::ptr::eq(table, &role::TABLE) {
                self.roles.all.remove(id);
            } else if std::ptr::eq(table, &provider::TABLE) {
                self.providers.remove(id);
            }
        }
        Ok(())
    }
}
