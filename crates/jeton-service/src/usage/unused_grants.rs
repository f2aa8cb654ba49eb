//! What was granted to clients, people and groups and not used: APIs, scopes and roles.

use std::sync::Arc;

use jeton_core::client::Client;
use jeton_core::owner::Owner;
use jeton_core::role::Role;
use jeton_core::role::assign::Assignment;
use jeton_core::role::holder::Holder;
use jeton_core::usage::Subject;
use jeton_oauth::scope::ScopeSet;

use super::remember::SubjectUses;
use super::unused::Unused;
use crate::failure::Failure;
use crate::service::Service;

/// How many assignments of roles are looked at.
const ASSIGNMENTS_MAX: usize = 10_000;

impl Service {
    /// What was granted before a second and not used since; nothing where uses of grants are not remembered for so long.
    pub(super) fn unused_grants(&self, since: i64, uses: &SubjectUses<'_>) -> Result<Vec<Unused>, Failure> {
        let remembered = uses.of(&Subject::Grants)?.and_then(|known| known.first_used_at);
        if remembered.is_none_or(|first| first > since) {
            return Ok(vec![]);
        }
        let mut items = vec![];
        let mut clients = self.registry.clients.all();
        clients.sort_by(|one, other| one.client.record.name.cmp(&other.client.record.name));
        // What changed since may have been granted since.
        for entry in clients.iter().filter(|entry| entry.client.record.updated_at <= since) {
            let client = &entry.client.record;
            let is_used = uses.last_used(&Subject::Client(client.id.clone()))?.is_some_and(|at| at >= since);
            if is_used {
                self.unused_of_client(client, since, uses, &mut items)?;
            }
        }
        self.unused_roles(since, uses, &mut items)?;
        Ok(items)
    }

    /// The APIs that a client did not use, and the scopes that it exercised at none. Where it names none at an API, nobody knows which it
    /// exercises there.
    fn unused_of_client(&self, client: &Client, since: i64, uses: &SubjectUses<'_>, items: &mut Vec<Unused>) -> Result<(), Failure> {
        let subject = Subject::Client(client.id.clone()).to_string();
        let mut idle = client.scopes.clone();
        for id in &client.apis {
            let Some(api) = self.registry.api(id.as_str()) else { continue };
            let known = uses.of(&Subject::at(id.clone(), Owner::Client(client.id.clone())))?;
            let Some(used) = known.as_ref().filter(|known| known.is_used_since_day(since)) else {
                let last_used_at = known.and_then(|known| known.last_used_at);
                items.push(Unused { audience: Some(api.record.audience.clone()), last_used_at, ..Unused::of(&subject, &client.name) });
                continue;
            };
            let here = client.scopes.intersection(&api.record.scope_set());
            let unexercised = used.unexercised(&here, since);
            let names = unexercised.iter().map(|name| &**name).collect::<Vec<_>>().join(" ");
            let unexercised = ScopeSet::parse(&names).unwrap_or_else(|_| ScopeSet::empty());
            idle = idle.difference(&here.difference(&unexercised));
        }
        if !idle.is_empty() {
            let last_used_at = uses.last_used(&Subject::Client(client.id.clone()))?;
            let scopes = Some(idle.iter().map(Arc::from).collect());
            items.push(Unused { scopes, last_used_at, ..Unused::of(&subject, &client.name) });
        }
        Ok(())
    }

    /// The roles of which a holder exercised no scope, by keys of their own.
    fn unused_roles(&self, since: i64, uses: &SubjectUses<'_>, items: &mut Vec<Unused>) -> Result<(), Failure> {
        let mut left = ASSIGNMENTS_MAX;
        for role in self.registry.people.roles.all.after(None, usize::MAX) {
            let role = &role.record;
            if role.updated_at > since || role.scopes.is_empty() {
                continue;
            }
            let held = self.registry.people.roles.holders_after(&role.id, None, left);
            left -= held.len();
            for assignment in held.iter().map(|held| &held.record).filter(|held| held.created_at <= since) {
                items.extend(self.unused_role(role, assignment, since, uses)?);
            }
        }
        Ok(())
    }

    fn unused_role(&self, role: &Role, held: &Assignment, since: i64, uses: &SubjectUses<'_>) -> Result<Option<Unused>, Failure> {
        let people = &self.registry.people;
        let (holder, name) = match &held.holder {
            Holder::Person(id) => (Owner::Person(id.clone()), people.all.get(id.as_str()).map(|person| person.record.username.clone())),
            Holder::Group(id) => (Owner::Group(id.clone()), people.groups.all.get(id.as_str()).map(|group| group.record.name.clone())),
        };
        let (Some(name), Some(api)) = (name, self.registry.api(role.api.as_str())) else { return Ok(None) };
        let subject = holder.to_string();
        let known = uses.of(&Subject::at(role.api.clone(), holder))?;
        let last_used_at = known.as_ref().and_then(|known| known.last_used_at);
        let is_used = known.filter(|known| known.is_used_since_day(since));
        if is_used.is_some_and(|known| known.unexercised(&role.scopes, since).len() < role.scopes.len()) {
            return Ok(None);
        }
        let (role, audience) = (Some(role.name.clone()), Some(api.record.audience.clone()));
        Ok(Some(Unused { role, audience, last_used_at, ..Unused::of(&subject, &name) }))
    }
}
