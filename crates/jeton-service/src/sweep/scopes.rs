//! What keys may do, and what of it nobody does.

use std::sync::Arc;

use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::Standing;
use jeton_core::doctor::has_every_scope;
use jeton_core::moment::Moment;
use jeton_core::usage::Subject;

use super::Pass;
use super::keys::met;
use crate::doctor::UNUSED_SECONDS;
use crate::failure::Failure;
use crate::keys::entry::KeyEntry;
use crate::service::Service;

impl Service {
    /// Looks at the scopes of live keys. Takes no decision: people do.
    pub(super) fn look_at_scopes(&self, keys: &[Arc<KeyEntry>], pass: &mut Pass, moment: &Moment) -> Result<(), Failure> {
        let (uses, now_seconds) = (self.subject_uses()?, self.now_on_ledger());
        let since = now_seconds.saturating_sub(UNUSED_SECONDS);
        let is_counted = self.usage_kept_since().is_some_and(|kept| kept <= since);
        for entry in keys {
            self.learn_from(&uses, entry)?;
            let (standing, judged) = self.key_standing(entry, Slot::Current, moment);
            let key = &entry.key.record;
            if standing != Standing::Live {
                continue;
            }
            if judged.api.as_ref().is_some_and(|api| has_every_scope(&api.record, &judged.scopes)) {
                pass.met.note_unrestricted(met(key, now_seconds));
            }
            // A key with one scope has nothing to leave out.
            if is_counted && key.created_at <= since && judged.scopes.iter().nth(1).is_some() {
                let known = uses.of(&Subject::Key(key.id))?;
                if known.is_some_and(|known| !known.unexercised(&judged.scopes, since).is_empty()) {
                    pass.met.note_unexercised(met(key, now_seconds));
                }
            }
        }
        Ok(())
    }
}
