//! Whether nobody has used a key for long: judged whenever it is looked at, whether or not that was written down.

use jeton_core::api_key::standing;
use jeton_core::policy::idle::{Idle, LEAST_SECONDS, Used};
use jeton_core::usage::Subject;
use jeton_verify::negatives;

use super::entry::KeyEntry;
use super::owner::subjects_over;
use crate::failure::Failure;
use crate::service::Service;
use crate::usage::remember::SubjectUses;

impl Service {
    /// What is known of the use of a key. While the clock is doubted, or uses are not counted, nobody can say, and nothing is idle; nor is
    /// what belongs to somebody who is suspended.
    pub(crate) fn used(&self, entry: &KeyEntry) -> Used {
        let key = &entry.key.record;
        let api = self.registry.api(key.api.as_str());
        let audience = api.as_ref().map_or("", |api| &*api.record.audience);
        self.used_by(entry, subjects_over(&key.owner, key.client.as_ref(), audience))
    }

    /// The same where it is known what the key belongs to.
    pub(super) fn used_by(&self, entry: &KeyEntry, subjects: [Option<(negatives::Subject, &str)>; 3]) -> Used {
        let counted_since = self.usage_counted_since().max(self.usable_since(subjects));
        Used { last_at: entry.last_used().flatten(), counted_since }
    }

    /// From when on uses are counted, and the clock is believed, in seconds.
    pub(crate) fn usage_counted_since(&self) -> i64 {
        // Of a clock that nobody doubts no reading is needed: this is asked at each use.
        let is_believed = || !self.posture.is_doubted() || self.posture.may_destroy(self.moments.time());
        self.usage_kept_since().filter(|_| is_believed()).unwrap_or(i64::MAX)
    }

    /// Learns when a key was last used, where that may decide: one that was used or made within a day is not idle.
    pub(crate) async fn know_last_use(&self, entry: &KeyEntry) -> Result<(), Failure> {
        if self.may_be_idle(entry) {
            let read = self.subject_use(&Subject::Key(entry.key.record.id)).await?;
            entry.learn_last_use(read.and_then(|known| known.last_used_at));
        }
        Ok(())
    }

    /// The same for lists. Reads a row: for a thread that may block.
    pub(crate) fn learn_from(&self, uses: &SubjectUses<'_>, entry: &KeyEntry) -> Result<(), Failure> {
        if self.may_be_idle(entry) {
            let read = uses.of(&Subject::Key(entry.key.record.id))?;
            entry.learn_last_use(read.and_then(|known| known.last_used_at));
        }
        Ok(())
    }

    fn may_be_idle(&self, entry: &KeyEntry) -> bool {
        let (key, now_seconds) = (&entry.key.record, self.now_on_ledger());
        let since = key.in_use_since().max(entry.last_used().flatten().unwrap_or(i64::MIN));
        now_seconds.saturating_sub(since) >= LEAST_SECONDS
            && standing::idle(key, &self.registry.policies(), self.used(entry), now_seconds) != Idle::No
    }

    /// The clock's reading, or the ledger's head where that is later, in seconds.
    pub(crate) fn now_on_ledger(&self) -> i64 {
        self.moments.time().max(self.store.head().time).seconds()
    }
}
