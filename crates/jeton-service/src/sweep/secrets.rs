//! Secrets of clients.

use std::sync::Arc;

use jeton_core::api_key::state::State;
use jeton_core::client::secret::ClientSecret;
use jeton_core::client::secret::change::{removable_from, remove, revoke, suspend};
use jeton_core::commit::Commit;
use jeton_core::doctor::MetCredential;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::notice::{Ending, Expiring};
use jeton_core::outcome::Outcome;
use jeton_core::policy::idle::Idle;
use jeton_core::why::Why;

use super::{Pass, UNDECIDED_SECONDS, WEEK_SECONDS};
use crate::failure::Failure;
use crate::registry::clients::ClientEntry;
use crate::service::Service;

impl Service {
    /// Goes over every secret; what fails for one is noted, and the others do not wait for it.
    pub(super) async fn sweep_secrets(&self, pass: &mut Pass, moment: &Moment) {
        let mut moment = moment.clone();
        for entry in self.registry.clients.all() {
            for secret in &entry.secrets {
                let swept = self.sweep_secret(&entry, &secret.record, pass, &mut moment).await;
                pass.note(swept);
            }
        }
    }

    async fn sweep_secret(&self, entry: &ClientEntry, secret: &ClientSecret, pass: &mut Pass, moment: &mut Moment) -> Result<(), Failure> {
        let (now_seconds, policies) = (self.now_on_ledger(), self.registry.policies().clone());
        let actor = Actor::system();
        if removable_from(secret) <= now_seconds {
            let moment = moment.split();
            let left = self.change_secret(secret, &moment, |secret, moment| remove(secret, &actor, moment).map(|()| Idle::No));
            left.await?;
            self.secret_uses.forget(&secret.id);
            pass.swept.removed += 1;
            return Ok(());
        }
        if secret.has_ended(&policies, now_seconds) {
            return Ok(());
        }
        let used = self.secret_used(secret);
        if secret.idle(&policies, used, now_seconds) != Idle::No {
            let moment = moment.split();
            let decided = self.change_secret(secret, &moment, |secret, moment| {
                match secret.idle(&self.registry.policies(), used, moment.now.seconds()) {
                    Idle::No => Outcome::grant(Idle::No, Commit::new(moment)),
                    Idle::Suspended => {
                        suspend(secret, &self.registry.policies(), used, (Why::Idle, &actor), moment).map(|()| Idle::Suspended)
                    }
                    Idle::Revoked => revoke(secret, Why::Idle, &actor, moment).map(|()| Idle::Revoked),
                }
            });
            match decided.await? {
                Idle::No => {}
                Idle::Suspended => pass.swept.suspended += 1,
                Idle::Revoked => pass.swept.revoked += 1,
            }
            return Ok(());
        }
        let met = |at: i64| MetCredential { id: secret.id.0.clone(), client: Some(entry.client.record.name.clone()), called: None, at };
        if let State::Suspended(ended) = &secret.state
            && now_seconds - ended.at > UNDECIDED_SECONDS
        {
            pass.met.note_undecided(met(ended.at));
        }
        // Whoever made a younger one knows that this one ends.
        let is_younger = |other: &ClientSecret| other.created_at > secret.created_at && !other.has_ended(&policies, now_seconds);
        if secret.state != State::Active || entry.secrets.iter().any(|other| is_younger(&other.record)) {
            return Ok(());
        }
        let ends_at = secret.ends_at(&policies);
        let is_used = used.last_at.is_some_and(|at| now_seconds - at <= WEEK_SECONDS);
        if is_used && ends_at - now_seconds <= WEEK_SECONDS && ends_at - secret.created_at > WEEK_SECONDS {
            pass.met.note_soon_and_used(met(ends_at));
        }
        let expiring = Expiring {
            ending: Ending::ClientSecret,
            credential: secret.id.0.clone(),
            owner: Arc::from(format!("client:{}", secret.client)),
            created_at: secret.created_at,
            expires_at: ends_at,
        };
        self.tell_once(&expiring, pass, &moment.split()).await
    }

    /// Decides over a secret as it is; one that is gone stays so.
    async fn change_secret(
        &self,
        of: &ClientSecret,
        moment: &Moment,
        decide: impl Fn(&ClientSecret, &mut Moment) -> Outcome<Idle>,
    ) -> Result<Idle, Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let entry = self.registry.clients.get(of.client.as_str());
            let secret = entry.as_ref().and_then(|entry| entry.secrets.iter().find(|secret| secret.record.id == of.id));
            let (Some(entry), Some(secret)) = (&entry, secret) else { return Ok(Outcome::grant(Idle::No, Commit::new(moment))) };
            reading.rely_on_secret(entry, &of.id);
            Ok(decide(&secret.record, moment))
        })
        .await
    }
}
