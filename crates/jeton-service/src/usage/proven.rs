//! Whose use it is beside the credential's own: a client's secrets are the client, and its keys are whoever was granted what they do.

use jeton_core::owner::Owner;
use jeton_core::usage::Subject;

use super::recorder::Taken;
use crate::service::Service;

impl Service {
    /// What the uses of secrets left behind is noted of their clients, too: once a second, and not at each use.
    pub(super) fn note_of_clients(&self, taken: &mut Taken) {
        let of_secrets = taken.noted.iter().filter_map(|(subject, noted)| match subject {
            Subject::Secret(id) => Some((self.registry.clients.owner_of_secret(id.as_str())?, noted.clone())),
            _ => None,
        });
        for (client, noted) in of_secrets.collect::<Vec<_>>() {
            taken.noted.entry(Subject::Client(client)).or_default().merge(noted);
        }
    }

    /// Who was granted what a subject used: its owner; of a person their groups as well, since nobody knows by which they had it. A key that
    /// left memory within the second is nobody's.
    pub(super) fn holders_of(&self, subject: &Subject) -> Vec<Owner> {
        let owner = match subject {
            Subject::Client(id) => Some(Owner::Client(id.clone())),
            Subject::Key(id) => self.keys.get(*id).map(|entry| entry.key.record.owner.clone()),
            _ => None,
        };
        let groups = match &owner {
            Some(Owner::Person(person)) => self.registry.people.groups.of(person.as_str()),
            _ => vec![],
        };
        let groups = groups.iter().map(|group| Owner::Group(group.record.id.clone()));
        owner.into_iter().filter(|owner| !matches!(owner, Owner::External(_))).chain(groups).collect()
    }
}
