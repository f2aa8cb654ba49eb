//! Taking people out, with the hashes of their passwords.

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::password::Password;
use jeton_core::person::Person;
use jeton_core::person::export::{AT_ONCE_MAX, export, parse_after};
use jeton_core::record::Versioned;
use jeton_core::role::Role;
use jeton_core::role::holder::Holder;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Secret;

use crate::failure::Failure;
use crate::service::Service;

/// Somebody as they are taken out: what an import takes, by names.
pub struct ExportedUser {
    /// Who.
    pub person: Person,
    /// Whether nothing of theirs is accepted: they are disabled or suspended.
    pub is_disabled: bool,
    /// The hash of their password, where there is one and it is asked for.
    pub password_hash: Option<Secret>,
    /// The names of their groups.
    pub groups: Vec<Arc<str>>,
    /// The roles that they hold themselves, each written so that it names one alone.
    pub roles: Vec<String>,
}

impl Service {
    /// The first people whose username comes after this one, in order: a hundred at most, which is told before they are. Fewer are the last.
    ///
    /// # Errors
    /// [`Failure`]; nobody is taken out then.
    pub async fn export_users(
        &self,
        after: Option<&str>,
        is_with_passwords: bool,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<Vec<ExportedUser>, Failure> {
        let after = after.map(parse_after).transpose()?;
        let people = self.registry.people.all.after(after.as_deref(), AT_ONCE_MAX);
        let mut users = Vec::with_capacity(people.len());
        for person in people {
            let password = if is_with_passwords { self.password_of(&person.record.id).await? } else { None };
            let password_hash = password.map(|password| self.opened(&password.record)).transpose()?;
            users.push(self.exported(&person, password_hash));
        }
        let count = u64::try_from(users.len()).unwrap_or(u64::MAX);
        self.transact(moment, &Arc::from(""), |_, moment| Ok(export(count, is_with_passwords, actor, moment))).await?;
        Ok(users)
    }

    fn exported(&self, person: &Versioned<Person>, password_hash: Option<Secret>) -> ExportedUser {
        let person = person.record.clone();
        let is_suspended = self.registry.suspended_since(CutOffSubject::User, &person.id.0).is_some();
        let roles = self.registry.people.roles.of(&Holder::Person(person.id.clone()));
        let mut roles: Vec<String> = roles.iter().map(|role| self.written(&role.record)).collect();
        roles.sort_unstable();
        ExportedUser {
            is_disabled: is_suspended || !person.is_active(),
            password_hash,
            groups: self.groups_of(&person).iter().map(|group| group.record.name.clone()).collect(),
            roles,
            person,
        }
    }

    /// A role as an import finds it: by its name, where no other API has one of it, else behind the audience of its API.
    fn written(&self, role: &Role) -> String {
        match self.registry.api(role.api.as_str()) {
            Some(api) if self.registry.people.roles.named(&role.name).len() > 1 => format!("{} {}", api.record.audience, role.name),
            _ => role.name.to_string(),
        }
    }

    fn opened(&self, password: &Password) -> Result<Secret, Failure> {
        let opened = password.open(&self.registry.root_keys());
        let hash = opened.map_err(|error| Fault::new(FaultKind::Damaged, error.to_string()))?;
        Ok(Secret::from(hash.as_str()))
    }
}
