//! Signing keys: made and sealed here, decided in the core.

use std::sync::Arc;

use jeton_core::id::{Actor, KeyId};
use jeton_core::key::{FreshKey, Purpose, SigningKeyRecord, State, TABLE, ensure, remove, revoke, rotate};
use jeton_core::moment::Moment;
use jeton_core::once::Remembered;
use jeton_core::outcome::Outcome;
use jeton_core::policy::CredentialKind;
use jeton_core::policy::rule::Subject;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::root_key::{RootKeyError, RootKeys};
use jeton_core::why::Speaker;
use jeton_jose::jwk::SigningKey;
use jeton_jose::{Algorithm, KeyError};
use jeton_store::store::{Fault, FaultKind};

use crate::failure::Failure;
use crate::service::Service;

impl Service {
    /// Every signing key, newest first.
    #[must_use]
    pub fn signing_keys(&self) -> Vec<Versioned<SigningKeyRecord>> {
        let mut keys: Vec<_> = self.registry.keys().records().cloned().collect();
        keys.sort_by_key(|key| (key.record.state, std::cmp::Reverse(key.record.created_at)));
        keys
    }

    /// Makes sure that tokens can be signed with an algorithm.
    ///
    /// # Errors
    /// [`Failure`]; no key is made then.
    pub(crate) async fn ensure_keys(&self, algorithm: Algorithm, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        if self.has_current(Purpose::Token, algorithm) {
            return Ok(());
        }
        let mut moment = moment.clone();
        let (current, next) = (self.make_key(algorithm, &mut moment)?, self.make_key(algorithm, &mut moment)?);
        self.put_to_use(Purpose::Token, algorithm, &moment, |moment| ensure::ensure(current.clone(), next.clone(), actor, moment)).await
    }

    /// Makes sure that the ledger's checkpoints can be signed.
    ///
    /// # Errors
    /// [`Failure`]; no key is made then.
    pub(crate) async fn ensure_ledger_key(&self, actor: &Actor, moment: &Moment) -> Result<(), Failure> {
        let algorithm = Algorithm::EdDsa;
        if self.has_current(Purpose::Ledger, algorithm) {
            return Ok(());
        }
        let mut moment = moment.clone();
        let key = self.make_key(algorithm, &mut moment)?;
        self.put_to_use(Purpose::Ledger, algorithm, &moment, |moment| ensure::ensure_of_ledger(key.clone(), actor, moment)).await
    }

    fn has_current(&self, purpose: Purpose, algorithm: Algorithm) -> bool {
        let is_it = |key: &SigningKeyRecord| key.purpose == purpose && key.algorithm == algorithm && key.state == State::Current;
        self.registry.keys().records().any(|key| is_it(&key.record))
    }

    async fn put_to_use(
        &self,
        purpose: Purpose,
        algorithm: Algorithm,
        moment: &Moment,
        decide: impl Fn(&mut Moment) -> Outcome<Vec<SigningKeyRecord>>,
    ) -> Result<(), Failure> {
        self.transact(moment, &Arc::from(""), |reading, moment| {
            drop(reading.keys());
            if self.has_current(purpose, algorithm) {
                return Ok(Outcome::grant((), jeton_core::commit::Commit::new(moment)));
            }
            let outcome = decide(moment);
            Ok(Outcome { verdict: outcome.verdict.map(|_| ()), commit: outcome.commit })
        })
        .await
    }

    /// Lets the next key of an algorithm sign from now on. Refused while caches may not know it, unless `now_even_so`.
    ///
    /// # Errors
    /// [`Failure`]; nothing is rotated then.
    pub async fn rotate_signing_key(
        &self,
        algorithm: Algorithm,
        now_even_so: bool,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<KeyId, Failure> {
        if self.registry.keys().ring(algorithm).current.is_none() {
            return Err(Refusal::new(Reason::NotFound, "no key of this algorithm signs").into());
        }
        let make = async |mut moment: Moment| {
            let fresh = self.make_key(algorithm, &mut moment)?;
            self.transact(&moment, &Arc::from(""), |reading, moment| {
                let ring = reading.keys().ring(algorithm);
                let outcome = rotate::rotate(ring, fresh.clone(), now_even_so, actor, moment);
                Ok(outcome.remembering(moment, |current| current.to_string()))
            })
            .await
        };
        let again = async |made: Remembered| Ok(KeyId(made.made));
        self.once(moment, make, again).await
    }

    /// Emergency: nothing that this key ever signed is trusted any more.
    ///
    /// # Errors
    /// [`Failure`]; it is trusted still then.
    pub async fn revoke_signing_key<'a>(&self, id: &str, by: impl Into<Speaker<'a>>, moment: &Moment) -> Result<(), Failure> {
        let by = by.into();
        let unknown = || Refusal::new(Reason::NotFound, "there is no signing key of this id");
        let algorithm = self.registry.keys().record(id).map(|key| key.record.algorithm).ok_or_else(unknown)?;
        let mut moment = moment.clone();
        let fresh = self.make_key(algorithm, &mut moment)?;
        self.transact(&moment, &Arc::from(""), |reading, moment| {
            let keys = reading.keys();
            let key = keys.record(id).ok_or_else(unknown)?;
            Ok(revoke::revoke(&key.record, keys.ring(algorithm), fresh.clone(), by, moment))
        })
        .await
    }

    /// Rotates what is due and removes what nothing alive was signed with. For a schedule.
    ///
    /// # Errors
    /// [`Failure`]; the next call tries again.
    pub async fn tend_signing_keys(&self, moment: &Moment) -> Result<(), Failure> {
        let now = moment.now.seconds();
        let mut moments = moment.clone();
        let keys = self.registry.keys().clone();
        let lifetime = self.registry.policies().effective(CredentialKind::SigningKey, &Subject::Deployment).default_seconds;
        for algorithm in keys.algorithms() {
            if rotate::is_due(&keys.ring(algorithm), lifetime, now) {
                self.rotate_signing_key(algorithm, false, &Actor::system(), &moments.split()).await?;
            }
        }
        if !self.posture.may_destroy(moment.now) {
            return Ok(());
        }
        for key in keys.records().filter(|key| key.record.remove_at.is_some_and(|at| at <= now)) {
            let id = key.record.id.clone();
            self.transact(&moments.split(), &Arc::from(""), |reading, moment| {
                let keys = reading.keys();
                Ok(match keys.record(id.as_str()) {
                    Some(key) => remove::remove(&key.record, moment),
                    None => Outcome::grant((), jeton_core::commit::Commit::new(moment)),
                })
            })
            .await?;
        }
        Ok(())
    }

    /// Takes up a root key with a newer epoch: what is new is kept under it from now on, and the signing keys are sealed again.
    ///
    /// # Errors
    /// `Conflict` when an epoch is missing or another one, or none is newer; any other [`Failure`]: the signing keys may be sealed under either epoch then,
    /// and both open.
    pub async fn rotate_root_key(&self, root_keys: RootKeys, actor: &Actor, moment: &Moment) -> Result<u16, Failure> {
        let (epoch, keys) = root_keys.current();
        let keys = keys.cloned().ok_or_else(|| fault(RootKeyError::Empty))?;
        let known = self.registry.root_keys().clone();
        if epoch <= known.current().0 || !root_keys.holds_all_of(&known) {
            let detail = "the root key must hold every epoch that it had, unchanged, and a newer one: what is kept under an epoch needs it";
            return Err(Refusal::new(Reason::Conflict, detail).into());
        }
        self.registry.replace_root_keys(root_keys);
        self.transact(moment, &Arc::from(""), |reading, moment| {
            let mut commit = jeton_core::commit::Commit::new(moment);
            let ring = reading.keys();
            for key in ring.records() {
                let Some(opened) = ring.opened(&key.record.id) else { continue };
                let private = opened.to_private_bytes().map_err(|_| fault(RootKeyError::Refused))?;
                let sealed = keys.seal(&private, &SigningKeyRecord::seal_context(&key.record.id), moment).map_err(fault)?;
                let record = SigningKeyRecord { sealed: Some(Arc::from(sealed)), epoch, ..key.record.clone() };
                commit = commit.put(&TABLE, record.row());
            }
            let event = jeton_core::event::Event::RootKeyRotated { actor: actor.clone(), epoch };
            Ok(Outcome::grant(epoch, commit.tell(event)).remembering(moment, u16::to_string))
        })
        .await
    }

    fn make_key(&self, algorithm: Algorithm, moment: &mut Moment) -> Result<FreshKey, Failure> {
        let refused = |_| fault(RootKeyError::Refused);
        let key = draw(algorithm).map_err(refused)?;
        let root_keys = self.registry.root_keys();
        let (epoch, Some(keys)) = root_keys.current() else { return Err(fault(RootKeyError::Empty)) };
        let id = KeyId::from(key.key_id());
        let private = key.to_private_bytes().map_err(refused)?;
        let sealed = keys.seal(&private, &SigningKeyRecord::seal_context(&id), moment).map_err(fault)?;
        let public = serde_json::to_string(&key.to_jwk().map_err(refused)?).unwrap_or_default();
        Ok(FreshKey { id, algorithm, public: Arc::from(public), sealed: Arc::from(sealed), epoch })
    }
}

fn fault(error: RootKeyError) -> Failure {
    Failure::Fault(Fault::new(FaultKind::Engine, error.to_string()))
}

/// A fresh key. One whose name begins with `-` is drawn again: a command line would take the name for an option, and an emergency is no time
/// to find that out.
fn draw(algorithm: Algorithm) -> Result<SigningKey, KeyError> {
    loop {
        let key = SigningKey::generate(algorithm)?;
        if !key.key_id().starts_with('-') {
            return Ok(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_named_like_an_option() {
        // One thumbprint in sixty-four begins so: a thousand without any are no chance.
        for _ in 0..1_000 {
            let key = draw(Algorithm::EdDsa).unwrap();
            assert!(!key.key_id().starts_with('-'), "{}", key.key_id());
        }
    }
}
