//! What a key may do to itself: whoever presents it is shown what it is, and may give it another secret.

use std::net::IpAddr;
use std::sync::Arc;

use jeton_core::api_key::confirm::confirm;
use jeton_core::api_key::rotate::{Rotate, Rotated, RotatedBy, asking_again};
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::verify::Code;
use jeton_core::moment::Moment;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::usage::{Outcome, Subject};

use super::entry::KeyEntry;
use super::verify::KeyCheck;
use crate::failure::Failure;
use crate::service::Service;
use crate::usage::marks::Marks;
use crate::usage::recorder::Seen;

impl Service {
    /// The key that a text is, for the key itself: accepted from this address, in any environment; or what speaks against it.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn key_itself(&self, text: &str, address: Option<IpAddr>, moment: &Moment) -> Result<Result<Arc<KeyEntry>, Code>, Failure> {
        let Some((entry, slot)) = self.presented_key(text).await? else { return Ok(Err(Code::NotFound)) };
        let check = KeyCheck { text, scopes: None, client_ip: address, agent: None, environment: None };
        let code = self.judge_key(&entry, slot, &self.judged(&entry), &check, moment);
        self.record_itself(&entry, code, address, moment);
        if code != Code::Valid {
            return Ok(Err(code));
        }
        self.note_first_use(&entry, slot, moment).await;
        Ok(Ok(entry))
    }

    /// Gives a key another secret, asked for by the key itself. Where its answer was lost, the old secret is told the same one again.
    ///
    /// # Errors
    /// [`Failure`]; it has none then. Or what speaks against the key.
    pub async fn rotate_itself(
        &self,
        text: &str,
        address: Option<IpAddr>,
        request: Rotate,
        moment: &Moment,
    ) -> Result<Result<Rotated, Code>, Failure> {
        let Some((entry, _)) = self.presented_key(text).await? else { return Ok(Err(Code::NotFound)) };
        let check = KeyCheck { text, scopes: None, client_ip: address, agent: None, environment: None };
        let root_keys = self.registry.root_keys().clone();
        let (mut code, mut before) = (None, None);
        let rotated = self
            .change_key(entry.key.record.id, moment, |reading, key, moment| {
                let not_accepted = || Refusal::new(Reason::Conflict, "the key is not accepted");
                // Which secret it is now: another rotation may have come between.
                let Some(slot) = key.record.slot_of(text, &root_keys) else {
                    code = Some(Code::NotFound);
                    return Err(not_accepted().into());
                };
                before = Some(key.record.clone());
                let as_it_is = KeyEntry::new(key.clone());
                entry.last_used().into_iter().for_each(|at| as_it_is.learn_last_use(at));
                let mut judged = self.judge_key(&as_it_is, slot, &self.judged(&as_it_is), &check, moment);
                // An old secret whose overlap is over still asks for the answer that was lost, where nothing else speaks against it.
                if (judged, slot) == (Code::Expired, Slot::Previous)
                    && let Some(record) = asking_again(&key.record, self.ledger_time(moment).seconds())
                {
                    let asking = KeyEntry::new(Versioned { version: key.version, record });
                    asking.learn_last_use(as_it_is.last_used().flatten());
                    judged = self.judge_key(&asking, slot, &self.judged(&asking), &check, moment);
                }
                code = Some(judged);
                if judged != Code::Valid {
                    return Err(not_accepted().into());
                }
                self.decide_rotation(reading, key, request, RotatedBy::Itself(slot), moment)
            })
            .await;
        let rotated = match (rotated, before) {
            (Ok(rotated), Some(before)) => match self.check_not_overtaken(&before).await {
                Err(refused @ Failure::Refused(_)) => {
                    code = Some(Code::Revoked);
                    Err(refused)
                }
                checked => checked.map(|()| rotated),
            },
            (rotated, _) => rotated,
        };
        // A text that it had once is no key's, as when it is shown.
        if let Some(code) = code.filter(|code| *code != Code::NotFound) {
            self.record_itself(&entry, code, address, moment);
        }
        match (rotated, code) {
            (Err(Failure::Refused(_)), Some(refused)) if refused != Code::Valid => Ok(Err(refused)),
            (rotated, _) => rotated.map(Ok),
        }
    }

    /// Notes that a key was presented by itself, and how that went.
    fn record_itself(&self, entry: &KeyEntry, code: Code, address: Option<IpAddr>, moment: &Moment) {
        let key = &entry.key.record;
        if code == Code::Valid {
            entry.note_use(moment.now);
        }
        self.record(Seen {
            subject: Subject::Key(key.id),
            api: Some(key.api.clone()),
            outcome: Outcome::Key(code),
            refused_by: None,
            marks: Marks { address, ..Marks::default() },
            at: moment.now,
        });
    }

    /// Notes that a key has used the secret that it gave itself: nobody is told it again. Where that cannot be written now, the next use
    /// tries once more; the key passes all the same.
    pub(super) async fn note_first_use(&self, entry: &KeyEntry, slot: Slot, moment: &Moment) {
        let key = &entry.key.record;
        if slot == Slot::Current && key.repeat.is_some() {
            let noting = self.change_key(key.id, moment, |_, key, moment| Ok(confirm(key, moment)));
            // Boxed, as all that a check seldom needs.
            let noted: Result<(), Failure> = Box::pin(noting).await;
            if let Err(failure) = noted {
                tracing::warn!(%failure, key = %key.id, "the first use of a key's new secret could not be noted");
            }
        }
    }
}
