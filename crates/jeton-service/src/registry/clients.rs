//! Clients in memory, each with its secrets and its parsed keys.

use std::sync::Arc;

use jeton_core::client::Client;
use jeton_core::client::secret::ClientSecret;
use jeton_core::id::ClientId;
use jeton_core::record::Versioned;
use jeton_jose::jwk::{JwkSet, VerifyingKeys};
use papaya::HashMap;

use super::seen_secrets::SeenSecrets;

/// All clients. One thread writes: the engine's, as groups become durable.
#[derive(Default)]
pub struct Clients {
    by_id: HashMap<Arc<str>, Arc<ClientEntry>>,
    by_name: HashMap<Arc<str>, Arc<str>>,
    secret_owners: HashMap<Arc<str>, Arc<str>>,
}

/// A client with what proves it.
#[derive(Clone)]
pub struct ClientEntry {
    /// The client.
    pub client: Versioned<Client>,
    /// Its secrets, live and ended.
    pub secrets: Vec<Versioned<ClientSecret>>,
    /// Its public keys, parsed once.
    pub keys: Option<Arc<VerifyingKeys>>,
    /// The secrets that it proved itself with since any of this changed.
    pub(crate) seen: SeenSecrets,
}

impl Clients {
    /// A client by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<ClientEntry>> {
        self.by_id.pin().get(id).cloned()
    }

    /// A client by its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<ClientEntry>> {
        let id = self.by_name.pin().get(name).cloned()?;
        self.get(&id)
    }

    /// Whose secret this is.
    pub(crate) fn owner_of_secret(&self, id: &str) -> Option<ClientId> {
        self.secret_owners.pin().get(id).map(|owner| ClientId(owner.clone()))
    }

    /// Every client.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<ClientEntry>> {
        self.by_id.pin().values().cloned().collect()
    }

    pub(super) fn put(&self, client: Versioned<Client>) {
        let id = client.record.id.0.clone();
        let before = self.get(&id);
        if let Some(before) = &before {
            self.by_name.pin().remove(&before.client.record.name);
        }
        self.by_name.pin().insert(client.record.name.clone(), id.clone());
        let keys = client.record.jwks.as_deref().and_then(parse_keys).map(Arc::new);
        let secrets = before.map(|before| before.secrets.clone()).unwrap_or_default();
        self.by_id.pin().insert(id, Arc::new(ClientEntry { client, secrets, keys, seen: SeenSecrets::default() }));
    }

    pub(super) fn put_secret(&self, secret: Versioned<ClientSecret>) {
        let owner = secret.record.client.0.clone();
        self.secret_owners.pin().insert(secret.record.id.0.clone(), owner.clone());
        self.change(&owner, |secrets| {
            secrets.retain(|other| other.record.id != secret.record.id);
            secrets.push(secret);
        });
    }

    pub(super) fn remove(&self, id: &str) {
        if let Some(entry) = self.get(id) {
            self.by_name.pin().remove(&entry.client.record.name);
        }
        self.by_id.pin().remove(id);
    }

    pub(super) fn remove_secret(&self, id: &str) {
        let owner = self.secret_owners.pin().remove(id).cloned();
        if let Some(owner) = owner {
            self.change(&owner, |secrets| secrets.retain(|secret| secret.record.id.as_str() != id));
        }
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Vec<Versioned<ClientSecret>>)) {
        if let Some(entry) = self.get(id) {
            let mut entry = ClientEntry::clone(&entry);
            change(&mut entry.secrets);
            entry.seen = SeenSecrets::default();
            self.by_id.pin().insert(entry.client.record.id.0.clone(), Arc::new(entry));
        }
    }
}

/// The keys that can be used; a set was checked when the client was registered.
fn parse_keys(text: &str) -> Option<VerifyingKeys> {
    let set = JwkSet::parse(text.as_bytes()).ok()?;
    VerifyingKeys::from_jwk_set(&set, None).ok().map(|(keys, _)| keys)
}
