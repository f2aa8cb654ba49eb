//! All keys of an owner that Jeton knows by their keys alone: changed one after another.

use std::sync::Arc;

use jeton_core::administrator::Administrator;
use jeton_core::moment::{Moment, Time};
use jeton_core::owner::Owner;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::cut_off::lives_from;
use jeton_core::why::Because;

use super::entry::KeyEntry;
use super::filter::{KeyFilter, Span};
use crate::failure::Failure;
use crate::pasted::{ByKind, Credential};
use crate::revoke::TokenChange;
use crate::service::Service;

/// How many keys are read at once.
const PAGE: usize = 100;

/// The keys of an owner that a change is for.
#[derive(Default)]
pub struct KeysOfOwner {
    /// The first of them.
    pub keys: Vec<Arc<KeyEntry>>,
    /// How many there are of each kind, those in `keys` among them.
    pub counted: ByKind,
    /// Whether there are more than `keys`.
    pub has_more: bool,
}

impl Service {
    /// The second before which keys of an owner outside were made that a change is for, as a cut-off has it; `None` means until now.
    ///
    /// # Errors
    /// `InvalidRequest` when the time lies ahead.
    pub fn would_reach_until(&self, before: Option<Time>, moment: &Moment) -> Result<Time, Refusal> {
        lives_from(before, self.ledger_time(moment), i64::MIN)
    }

    /// The keys of an owner that a change is for, of those made before a second: at most so many of them, and how many there are in all.
    /// Reads rows: for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// `NotFound` when nobody of that name has, or had, a key; when the engine cannot read.
    pub fn keys_to_change(
        &self,
        (owner, before): (&Owner, Time),
        (change, most): (TokenChange, usize),
        moment: &Moment,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<KeysOfOwner>, Failure> {
        let created = Span { from: None, until: Some(before.seconds()) };
        let filter = KeyFilter { owner: Some(owner.clone()), created, ..KeyFilter::default() };
        let (mut found, mut after, mut is_known) = (KeysOfOwner::default(), None, false);
        loop {
            let page = self.list_keys(&filter, after.as_deref(), PAGE, moment)?;
            is_known |= !page.keys.is_empty();
            for entry in page.keys {
                let counted = self.would_change(&Credential::Key(entry.clone()), change, moment);
                if counted == ByKind::default() {
                    continue;
                }
                found.counted.add(counted);
                if found.keys.len() < most {
                    found.keys.push(entry);
                } else {
                    found.has_more = true;
                }
            }
            after = page.next;
            if after.is_none() {
                let anything = KeyFilter { owner: Some(owner.clone()), ..KeyFilter::default() };
                is_known = is_known || !self.list_keys(&anything, None, 1, moment)?.keys.is_empty();
                return if is_known { Ok(Some(found)) } else { Err(nobody().into()) };
            }
            if !goes_on() {
                return Ok(None);
            }
        }
    }

    /// Changes keys one after another, each in a commit of its own. One that ended, or was changed, since it was found stays as it is; what
    /// was changed before a failure stays changed.
    ///
    /// # Errors
    /// Of the first that cannot be changed.
    pub async fn change_keys(
        &self,
        keys: &[Arc<KeyEntry>],
        change: (TokenChange, &Because),
        by: &Administrator,
    ) -> Result<ByKind, Failure> {
        let mut changed = ByKind::default();
        for entry in keys {
            match self.change_credential(&Credential::Key(entry.clone()), change, by, &self.moments().now()).await {
                Ok(counted) => changed.add(counted),
                Err(Failure::Refused(refusal)) if matches!(refusal.reason, Reason::Conflict | Reason::NotFound) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(changed)
    }
}

fn nobody() -> Refusal {
    Refusal::new(Reason::NotFound, "nobody outside of this name has a key")
}
