//! What people call what an id names.

use std::sync::Arc;

use jeton_core::id::ApiKeyId;
use jeton_core::owner::Owner;

use crate::service::Service;

impl Service {
    /// What people call what an id names now: a client, an API, a person, a group, a role. `None`: it is of another kind, or gone.
    #[must_use]
    pub fn called(&self, id: &str) -> Option<Arc<str>> {
        let people = &self.registry.people;
        match id.split_once('_')?.0 {
            "client" => Some(self.registry.clients.get(id)?.client.record.name.clone()),
            "api" => Some(self.registry.api(id)?.record.audience.clone()),
            "user" => Some(people.all.get(id)?.record.username.clone()),
            "group" => Some(people.groups.all.get(id)?.record.name.clone()),
            "role" => Some(people.roles.all.get(id)?.record.name.clone()),
            _ => None,
        }
    }

    /// What people call an owner of keys who is known here. `None`: only the users of the key know them, or they are gone.
    #[must_use]
    pub fn called_owner(&self, owner: &Owner) -> Option<Arc<str>> {
        match owner {
            Owner::Client(id) => self.called(id.as_str()),
            Owner::Person(id) => self.called(id.as_str()),
            Owner::Group(id) => self.called(id.as_str()),
            Owner::External(_) => None,
        }
    }

    /// What a key is called, where there is one.
    pub async fn called_key(&self, id: &str) -> Option<Arc<str>> {
        let entry = self.key(ApiKeyId::parse(id)?).await.ok()??;
        Some(entry.key.record.name.clone())
    }
}
