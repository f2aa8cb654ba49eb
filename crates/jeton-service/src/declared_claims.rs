//! What tokens and userinfo tell of a person by the rules that an API or a client declares.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::claim_rules::tell::{Facts, tell};
use jeton_core::event::CutOffSubject;
use jeton_core::grant::scopes::IdentityScopes;
use jeton_core::group::Group;
use jeton_core::id::ClientId;
use jeton_core::person::Person;
use jeton_core::role::holder::Holder;
use jeton_core::token::AccessToken;
use serde_json::{Map, Value};

use crate::registry::people::Held;
use crate::service::Service;

impl Service {
    /// What the rules of its API tell of an access token, as its person is now.
    #[must_use]
    pub fn claims_of_token(&self, token: &AccessToken, api: &Api) -> Map<String, Value> {
        if api.claims.is_empty() {
            return Map::new();
        }
        let (held, scope_bytes) = (token.held.as_ref(), token.scope.len());
        let Some(person) = held.and_then(|held| self.registry.people.all.get(held.person.as_str())) else {
            return tell(&api.claims, Facts { scope_bytes, ..Facts::default() });
        };
        let (groups, roles) = (self.group_names(&person.record), self.role_names(&person.record, api));
        tell(&api.claims, Facts { person: Some(&person.record), groups: &groups, roles: &roles, scope_bytes, allowed: None })
    }

    /// What the rules of a client tell it of a person who allowed it these scopes.
    #[must_use]
    pub fn claims_of_person(&self, client: &ClientId, person: &Person, allowed: IdentityScopes) -> Map<String, Value> {
        let Some(entry) = self.registry.clients.get(client.as_str()) else { return Map::new() };
        let rules = &entry.client.record.claims;
        if rules.is_empty() {
            return Map::new();
        }
        let groups = self.group_names(person);
        tell(rules, Facts { person: Some(person), groups: &groups, allowed: Some(allowed), ..Facts::default() })
    }

    /// The names of the groups that somebody is in, but for those that are suspended.
    fn group_names(&self, person: &Person) -> Vec<Arc<str>> {
        let groups = self.groups_of(person).into_iter().map(|group| group.record.clone());
        groups.filter(|group| self.stands_group(group)).map(|group| group.name).collect()
    }

    /// The names of somebody's roles of an API, in order, each once; those of suspended groups are not theirs meanwhile.
    fn role_names(&self, person: &Person, api: &Api) -> Vec<Arc<str>> {
        let held = self.registry.people.roles_of(&Holder::Person(person.id.clone()));
        let counts = |held: &&Held| held.through.as_ref().is_none_or(|group| self.stands_group(&group.record));
        let of_api = held.iter().filter(counts).map(|held| &held.role.record).filter(|role| role.api == api.id);
        let mut names: Vec<Arc<str>> = of_api.map(|role| role.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn stands_group(&self, group: &Group) -> bool {
        self.registry.suspended_since(CutOffSubject::Group, &group.id.0).is_none()
    }
}
