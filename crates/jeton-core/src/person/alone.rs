//! What depends on one person alone: keys of groups whose last member they are, and clients that nobody else answers for.

use std::sync::Arc;

use crate::id::{ApiKeyId, ClientId, GroupId, PersonId};
use crate::owner::Owner;
use crate::refusal::{Reason, Refusal};

/// How many are named in a refusal.
const NAMED_MAX: usize = 5;
const WAYS: &str = "hand it over, or end it: `jeton user delete USERNAME --transfer-to group:NAME`, or `--revoke-owned`";

/// A group whose last member somebody is, with its keys that are not at their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAlone {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: Arc<str>,
    /// Its keys.
    pub keys: Vec<ApiKeyId>,
}

/// A client that nobody else answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAlone {
    /// Which.
    pub id: ClientId,
    /// Its name.
    pub name: Arc<str>,
}

/// What depends on a person alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alone {
    /// The groups, also those without keys.
    pub groups: Vec<GroupAlone>,
    /// The clients.
    pub clients: Vec<ClientAlone>,
}

/// What becomes of it when the person goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// They stay as long as anything depends on them.
    Refuse,
    /// Somebody else gets it.
    TransferTo(Owner),
    /// It ends.
    RevokeOwned,
}

impl Alone {
    /// Whether a client's owner is this person, or one of these groups.
    #[must_use]
    pub fn owns(&self, person: &PersonId, owner: &Owner) -> bool {
        match owner {
            Owner::Person(owner) => owner == person,
            Owner::Group(owner) => self.groups.iter().any(|group| group.id == *owner),
            Owner::Client(_) | Owner::External(_) => false,
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.groups.iter().map(|group| group.keys.len()).sum()
    }

    /// Whether the person may go, if this becomes of it.
    ///
    /// # Errors
    /// `Conflict`, with how many keys and clients depend on them, and their names; `InvalidRequest` where it would go to nobody who can have it.
    pub fn check(&self, person: &PersonId, dependents: &Dependents) -> Result<(), Refusal> {
        match dependents {
            Dependents::Refuse if self.keys() == 0 && self.clients.is_empty() => Ok(()),
            Dependents::Refuse => Err(Refusal::new(Reason::Conflict, self.words()).hinting(WAYS)),
            Dependents::RevokeOwned => Ok(()),
            Dependents::TransferTo(owner) if self.owns(person, owner) => {
                Err(Refusal::invalid("nobody is left of whom you hand it over to: name another group, or another person"))
            }
            Dependents::TransferTo(Owner::Person(_)) if self.keys() > 0 => {
                Err(Refusal::invalid("keys of a group go to another group: an API key does not become a person's"))
            }
            Dependents::TransferTo(Owner::Person(_) | Owner::Group(_)) => Ok(()),
            Dependents::TransferTo(Owner::Client(_) | Owner::External(_)) => {
                Err(Refusal::invalid("what depends on somebody goes to `group:NAME` or `user:NAME`"))
            }
        }
    }

    fn words(&self) -> String {
        let with_keys: Vec<&GroupAlone> = self.groups.iter().filter(|group| !group.keys.is_empty()).collect();
        let groups = with_keys.iter().take(NAMED_MAX).map(|group| {
            let keys = if group.keys.len() == 1 { "key" } else { "keys" };
            format!("{} {keys} of the group {}, whose last member they are", group.keys.len(), group.name)
        });
        let clients =
            self.clients.iter().take(NAMED_MAX).map(|client| format!("the client {}, which nobody else answers for", client.name));
        let mut named: Vec<String> = groups.chain(clients).collect();
        let beyond = (with_keys.len() + self.clients.len()).saturating_sub(named.len());
        if beyond > 0 {
            named.push(format!("{beyond} more"));
        }
        let depend = if self.keys() + self.clients.len() == 1 { "depends" } else { "depend" };
        format!("{} {depend} on this person alone: {}", self.counted(), named.join("; "))
    }

    fn counted(&self) -> String {
        let count = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let counted = [(self.keys(), "key"), (self.clients.len(), "client")];
        let counted: Vec<String> = counted.into_iter().filter(|(of, _)| *of > 0).map(|(of, one)| count(of, one)).collect();
        counted.join(" and ")
    }
}
