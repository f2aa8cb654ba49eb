//! Whose a key is, and what that owner may do now.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api_key::facts::KeyFacts;
use jeton_core::id::{ClientId, PersonId};
use jeton_core::owner::Owner;
use jeton_core::person::Person;
use jeton_core::policy::effective::Policies;
use jeton_core::record::Versioned;
use jeton_core::refusal::Refusal;
use jeton_core::rights::{OwnerStanding, Rights, granted};
use jeton_core::role::Role;
use jeton_core::role::holder::Holder;
use jeton_core::root_key::RootKeys;
use jeton_oauth::scope::ScopeSet;
use jeton_verify::negatives::Subject;

use super::entry::{Judged, KeyEntry};
use crate::registry::clients::ClientEntry;
use crate::service::Service;
use crate::transact::Reading;

/// What a decision over a key stands on.
pub(crate) struct Around {
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

    /// Whether the owner or the API is suspended.
    pub(super) fn is_suspended(&self) -> bool {
        self.rights.standing == OwnerStanding::Suspended
    }
}

impl Service {
    /// An owner as it is written; a client, a person or a group by its name too.
    ///
    /// # Errors
    /// `NotFound` where there is none of them; `InvalidRequest` where it is no owner; `CredentialInText`.
    pub fn named_owner(&self, text: &str) -> Result<Owner, Refusal> {
        match text.split_once(':') {
            Some(("client", name)) => Ok(Owner::Client(self.find_client(name)?.client.record.id.clone())),
            Some(("user", name)) => Ok(Owner::Person(self.find_user(name)?.record.id.clone())),
            Some(("group", name)) => Ok(Owner::Group(self.find_group(name)?.record.id.clone())),
            _ => Owner::said(text),
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
        let mut rights = self.rights_of(owner, handed_out_by, &api.record);
        if rights.standing == OwnerStanding::Stands
            && self.is_any_suspended(subjects_over(owner, handed_out_by, &api.record.audience), None)
        {
            rights.standing = OwnerStanding::Suspended;
        }
        Around {
            rights,
            policies: self.registry.policies().clone(),
            root_keys: self.registry.root_keys().clone(),
            not_before_seconds: self.cut_offs_over(owner, handed_out_by, &api.record.audience),
            client,
            api,
        }
    }

    /// The same for a person who gets this role, and may be taken in, by the decision itself.
    pub(crate) fn around_key_of_appointed(
        &self,
        reading: &Reading<'_>,
        api: Arc<Versioned<Api>>,
        person: Option<&Person>,
        role: &Role,
    ) -> Around {
        let owner = Owner::Person(person.map_or_else(|| PersonId::from(""), |person| person.id.clone()));
        let mut around = self.around_key(reading, api, &owner, None);
        if person.is_none() {
            let is_suspended = self.is_any_suspended(subjects_over(&owner, None, &around.api.record.audience), None);
            around.rights.standing = if is_suspended { OwnerStanding::Suspended } else { OwnerStanding::Stands };
        }
        around.rights.scopes = role.scopes.clone();
        around
    }

    /// The facts of a decision.
    pub(crate) fn facts<'a>(&'a self, around: &'a Around) -> KeyFacts<'a> {
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
    pub(crate) fn judged(&self, entry: &KeyEntry) -> Arc<Judged> {
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

    fn cut_offs_over(&self, owner: &Owner, handed_out_by: Option<&ClientId>, audience: &str) -> i64 {
        self.latest_over(subjects_over(owner, handed_out_by, audience), None)
    }

    /// The latest cut-off over these subjects and everything, in seconds; of `but_for` as it was then.
    pub(crate) fn latest_over(&self, subjects: [Option<(Subject, &str)>; 3], but_for: Option<(Subject, &str, i64)>) -> i64 {
        let before = |(subject, name): (Subject, &str)| match but_for {
            Some((but, named, was)) if but == subject && (named == name || subject == Subject::Everything) => was,
            _ => self.registry.negatives.before(subject, name),
        };
        subjects.into_iter().flatten().chain([(Subject::Everything, "")]).map(before).fold(i64::MIN, i64::max)
    }

    /// Whether one of these subjects is suspended; `but_for` does not count.
    pub(crate) fn is_any_suspended(&self, subjects: [Option<(Subject, &str)>; 3], but_for: Option<(Subject, &str)>) -> bool {
        let is_suspended = |(subject, name): (Subject, &str)| {
            but_for != Some((subject, name)) && self.registry.negatives.is_subject_suspended(subject, name)
        };
        subjects.into_iter().flatten().any(is_suspended)
    }

    /// From when on all of these could be used, in seconds: none was suspended since. `i64::MAX` while one is.
    pub(crate) fn usable_since(&self, subjects: [Option<(Subject, &str)>; 3]) -> i64 {
        if self.is_any_suspended(subjects, None) {
            return i64::MAX;
        }
        subjects.into_iter().flatten().map(|(subject, name)| self.registry.last_resumed(subject, name)).fold(i64::MIN, i64::max)
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

/// Whose a key is and what it is for, as cut-offs and suspensions name them.
pub(crate) fn subjects_over<'a>(
    owner: &'a Owner,
    handed_out_by: Option<&'a ClientId>,
    audience: &'a str,
) -> [Option<(Subject, &'a str)>; 3] {
    let client = match owner {
        Owner::Client(client) => Some(client),
        Owner::Person(_) | Owner::Group(_) | Owner::External(_) => handed_out_by,
    };
    let own = match owner {
        Owner::Person(person) => Some((Subject::User, person.as_str())),
        Owner::Group(group) => Some((Subject::Group, group.as_str())),
        Owner::Client(_) | Owner::External(_) => None,
    };
    [client.map(|client| (Subject::Client, client.as_str())), own, Some((Subject::Api, audience))]
}
