//! A client is where its secrets are used, and what uses them.

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
}
