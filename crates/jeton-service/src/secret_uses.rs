//! When each client secret was last used: in memory, since a secret is judged while a request waits for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jeton_core::id::SecretId;
use jeton_core::moment::Time;
use jeton_core::usage::Subject;
use jeton_core::usage::bucket::Resolution;
use jeton_core::usage::subject::{self, SubjectUse};
use jeton_store::store::View;
use papaya::HashMap;

use crate::registry::LoadError;
use crate::registry::clients::Clients;

/// The minute in which each secret was last used, in seconds.
#[derive(Default)]
pub(crate) struct SecretUses(HashMap<Arc<str>, AtomicI64>);

impl SecretUses {
    /// Reads what is known of every secret, at the start.
    pub(crate) fn load(&self, view: &dyn View, clients: &Clients) -> Result<(), LoadError> {
        for entry in clients.all() {
            for secret in &entry.secrets {
                let id = &secret.record.id;
                let Some(row) = view.get(&subject::TABLE, &subject::key(&Subject::Secret(id.clone())))? else { continue };
                if let Some(at) = SubjectUse::from_row(&row.record)?.last_used_at {
                    self.note(id, Time::from_seconds(at));
                }
            }
        }
        Ok(())
    }

    /// A secret proved its client.
    pub(crate) fn note(&self, id: &SecretId, at: Time) {
        let minute = Resolution::Minute.start_of(at.seconds());
        let uses = self.0.pin();
        let last = uses.get_or_insert_with(id.0.clone(), || AtomicI64::new(minute));
        if last.load(Ordering::Relaxed) < minute {
            last.fetch_max(minute, Ordering::Relaxed);
        }
    }

    /// When it was last used, in seconds.
    pub(crate) fn last(&self, id: &SecretId) -> Option<i64> {
        self.0.pin().get(&id.0).map(|last| last.load(Ordering::Relaxed))
    }

    pub(crate) fn forget(&self, id: &SecretId) {
        self.0.pin().remove(&id.0);
    }
}
