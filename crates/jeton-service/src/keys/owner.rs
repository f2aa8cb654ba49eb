//! Whose a key is, and what that owner may do now.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::ApiKey;
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::id::ClientId;
use jeton_core::owner::Owner;
use jeton_core::policy::effective::Policies;
use jeton_core::record::Versioned;
use jeton_core::refusal::Refusal;
use jeton_core::rights::{OwnerStanding, Rights, granted};
use jeton_core::role::holder::Holder;
use jeton_core::root_key::RootKeys;
use jeton_oauth::scope::ScopeSet;
use jeton_verify::negatives::Subject;

use super::entry::{Judged, KeyEntry};
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::Reading;

/// What a decision over a key stands on.
pub(super) struct Around {
    api: Arc<Versioned<Api>>,
    client: Option<Arc<ClientEntry>>,
    rights: Rights,
    policies: Arc<Policies>,
    root_keys: Arc<RootKeys>,
    not_before_seconds: i64,
}

impl Around {
    /// The latest cut-off over the owner, the API and everything, in seconds.
    pub(super) fn not_before_seconds(&self) -> i64 {
        self.not_before_seconds
    }
}

impl Service {
    /// An owner as it is written; a client, a person or a group by its name too.
    ///
    /// # Errors
    /// `NotFound` where there is none of them; `InvalidRequest` where it is no owner.
    pub fn named_owner(&self, text: &str) -> Result<Owner, Refusal> {
        match text.split_once(':') {
            Some(("client", name)) => Ok(Owner::Client(self.find_client(name)?.client.record.id.clone())),
            Some(("user", name)) => Ok(Owner::Person(self.find_user(name)?.record.id.clone())),
            Some(("group", name)) => Ok(Owner::Group(self.find_group(name)?.record.id.clone())),
            _ => Owner::parse(text),
        }
    }

    /// What a decision over a key of this owner stands on; all of it must still be so when it is committed.
    pub(super) fn around_key(
        &self,
        reading: &Reading<'_>,
        api: Arc<Versioned<Api>>,
        owner: &Owner,
        handed_out_by: Option<&ClientId>,
    ) -> Around {
        reading.rely_on_api(&api);
        let client = handed_out_by.and_then(|client| self.registry.clients.get(client.as_str()));
        client.iter().for_each(|client| reading.rely_on_client(client));
        let registry = &self.registry;
        // What their roles allow is asked at each use: here it only tells what is worth asking for.
        match owner {
            Owner::Client(owner) => registry.clients.get(owner.as_str()).iter().for_each(|entry| reading.rely_on_client(entry)),
            Owner::Person(owner) => registry.people.all.get(owner.as_str()).iter().for_each(|person| reading.rely_on_person(person)),
            Owner::Group(owner) => registry.people.groups.all.get(owner.as_str()).iter().for_each(|group| reading.rely_on_group(group)),
            Owner::External(_) => {}
        }
        Around {
            rights: self.rights_of(owner, handed_out_by, &api.record),
            policies: self.registry.policies().clone(),
            root_keys: self.registry.root_keys().clone(),
            not_before_seconds: self.cut_offs_over(owner, handed_out_by, &api.record.audience),
            client,
            api,
        }
    }

    /// The facts of a decision.
    pub(super) fn facts<'a>(&'a self, around: &'a Around) -> KeyFacts<'a> {
        KeyFacts {
            api: &around.api.record,
            rights: &around.rights,
            client: around.client.as_ref().map(|entry| &entry.client.record),
            policies: &around.policies,
            prefix: &self.prefix,
            root_keys: &around.root_keys,
            not_before_seconds: around.not_before_seconds,
        }
    }

    /// What the owner of a key may do with it now.
    pub(super) fn judged(&self, entry: &KeyEntry) -> Arc<Judged> {
        // First: what changes while it is judged is judged once more.
        let generation = self.registry.rights_generation();
        entry.judged(generation, |key| {
            let Some(api) = self.registry.api(key.api.as_str()) else {
                let nothing = (OwnerStanding::Gone, ScopeSet::empty());
                return Judged::new(key, generation, None, nothing);
            };
            let rights = self.rights_of(&key.owner, key.client.as_ref(), &api.record);
            let known = api.record.scope_set();
            let may_have = granted(&known, &known, None, &rights, None);
            Judged::new(key, generation, Some(api), (rights.standing, may_have))
        })
    }

    /// The latest cut-off over the owner of a key, what it is for, and everything, in seconds.
    pub(super) fn cut_offs_over_key(&self, key: &ApiKey, audience: &str) -> i64 {
        self.cut_offs_over(&key.owner, key.client.as_ref(), audience)
    }

    fn cut_offs_over(&self, owner: &Owner, handed_out_by: Option<&ClientId>, audience: &str) -> i64 {
        let negatives = &self.registry.negatives;
        let client = match owner {
            Owner::Client(client) => client.as_str(),
            Owner::Person(_) | Owner::Group(_) | Owner::External(_) => handed_out_by.map_or("", ClientId::as_str),
        };
        let of_all = negatives.not_before(client, audience);
        match owner {
            Owner::Person(person) => of_all.max(negatives.before(Subject::User, person.as_str())),
            Owner::Client(_) | Owner::Group(_) | Owner::External(_) => of_all,
        }
    }

    fn rights_of(&self, owner: &Owner, handed_out_by: Option<&ClientId>, api: &Api) -> Rights {
        let client = |id: &ClientId| self.registry.clients.get(id.as_str());
        match (owner, handed_out_by) {
            (Owner::Client(owner), _) => Rights::of_client(client(owner).as_ref().map(|entry| &entry.client.record), api),
            (Owner::External(_), None) => Rights::of_external(api, None),
            // One that is gone hands out nothing any more.
            (Owner::External(_), Some(by)) => Rights::of_client(client(by).as_ref().map(|entry| &entry.client.record), api),
            (Owner::Person(person), _) => self.registry.people.rights(&Holder::Person(person.clone()), api),
            (Owner::Group(group), _) => self.registry.people.rights(&Holder::Group(group.clone()), api),
        }
    }
}
