//! What is granted and not used: keys, clients and secrets that nobody has used for a while, and scopes of keys that nobody has exercised.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::moment::Moment;
use jeton_core::usage::Subject;
use jeton_core::usage::subject::SubjectUse;

use super::remember::SubjectUses;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::keys::filter::{KeyFilter, KeyOrder, StandingKind};
use crate::service::Service;

/// Something that is granted and not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// Whose use there was none of: a subject of usage, or a person or group that holds a role.
    pub subject: String,
    /// What people call it; of a secret, its client.
    pub name: Arc<str>,
    /// The API at which there was none; `None`: at all.
    pub audience: Option<Arc<str>>,
    /// The role of which there was none.
    pub role: Option<Arc<str>>,
    /// The scopes that were not exercised; `None`: nothing of it was used.
    pub scopes: Option<Vec<Arc<str>>>,
    /// The minute of its last use, in seconds.
    pub last_used_at: Option<i64>,
}

impl Unused {
    /// All of a subject.
    pub(super) fn of(subject: &str, name: &Arc<str>) -> Unused {
        Unused { subject: subject.to_owned(), name: name.clone(), audience: None, role: None, scopes: None, last_used_at: None }
    }
}

/// Some of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedPage {
    /// Clients and secrets first, then what clients and holders of roles were granted, on the first page; then keys, the newest first.
    pub items: Vec<Unused>,
    /// Where the next page goes on; `None`: this is the last one.
    pub next: Option<String>,
}

/// How many keys a page looks at.
const KEYS: usize = 500;

impl Service {
    /// What was not used since a second, and is older than that. `None`: uses are not counted for so long. Reads rows: for a thread that may
    /// block.
    ///
    /// # Errors
    /// When the engine cannot read.
    pub fn unused(&self, since: i64, after: Option<&str>, moment: &Moment) -> Result<Option<UnusedPage>, Failure> {
        if self.usage_kept_since().is_none_or(|kept| since < kept) {
            return Ok(None);
        }
        let uses = self.subject_uses()?;
        let mut items = if after.is_none() { self.unused_clients(since, &uses, moment)? } else { vec![] };
        if after.is_none() {
            items.extend(self.unused_grants(since, &uses)?);
        }
        let filter = KeyFilter { standing: Some(StandingKind::Active), order: Some(KeyOrder::Created), ..KeyFilter::default() };
        let page = self.list_keys(&filter, after, KEYS, moment)?;
        for entry in page.keys.iter().filter(|entry| entry.key.record.created_at <= since) {
            let known = uses.of(&Subject::Key(entry.key.record.id))?;
            items.extend(self.unused_of_key(entry, known.as_deref(), since, moment));
        }
        Ok(Some(UnusedPage { items, next: page.next }))
    }

    fn unused_clients(&self, since: i64, uses: &SubjectUses<'_>, moment: &Moment) -> Result<Vec<Unused>, Failure> {
        let (now_seconds, policies) = (self.ledger_time(moment).seconds(), self.registry.policies());
        let mut clients = self.registry.clients.all();
        clients.sort_by(|one, other| one.client.record.name.cmp(&other.client.record.name));
        let mut items = vec![];
        for entry in clients {
            let client = &entry.client.record;
            let of_client = (Subject::Client(client.id.clone()), client.created_at);
            let live = entry.secrets.iter().map(|secret| &secret.record).filter(|secret| secret.is_live(&policies, now_seconds));
            let secrets = live.map(|secret| (Subject::Secret(secret.id.clone()), secret.created_at));
            for (subject, _) in [of_client].into_iter().chain(secrets).filter(|(_, created_at)| *created_at <= since) {
                let last_used_at = uses.last_used(&subject)?;
                if last_used_at.is_none_or(|at| at < since) {
                    items.push(Unused { last_used_at, ..Unused::of(&subject.to_string(), &client.name) });
                }
            }
        }
        Ok(items)
    }

    /// Scopes are told where some were exercised at all: an API that names none when it checks a key shows nothing of them.
    fn unused_of_key(&self, entry: &KeyEntry, known: Option<&SubjectUse>, since: i64, moment: &Moment) -> Option<Unused> {
        let key = &entry.key.record;
        let last_used_at = known.and_then(|known| known.last_used_at);
        let unused = |scopes| Some(Unused { scopes, last_used_at, ..Unused::of(&Subject::Key(key.id).to_string(), &key.name) });
        let Some(known) = known.filter(|known| known.last_used_at.is_some_and(|at| at >= since)) else { return unused(None) };
        let (_, judged) = self.key_standing(entry, Slot::Current, moment);
        let idle = known.unexercised(&judged.scopes, since);
        if idle.is_empty() { None } else { unused(Some(idle)) }
    }
}
