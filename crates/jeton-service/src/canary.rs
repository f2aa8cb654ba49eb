//! The canary of each minute: a token is revoked, and must be refused before the commit that revoked it is answered. It goes the way of every
//! revocation: through the writer, onto the disk, into what is in memory, and over the feed to a verifier, which must refuse it too.

use std::sync::Arc;

use jeton_core::canary::{client, let_fall, of_this_minute};
use jeton_core::commit::Sequence;
use jeton_core::doctor::CanarySeen;
use jeton_core::event::Event;
use jeton_core::id::CredentialId;
use jeton_core::moment::{Moment, Time};
use jeton_store::store::CommitError;
use jeton_verify::Refused;
use jeton_verify::negatives::{Described, Judgement};

pub use crate::canary_standing::Sent;
use crate::canary_verifier::CanaryVerifier;
use crate::service::Service;

impl Service {
    /// Revokes a canary and looks whether it is refused. Whoever calls this bounds how long it may take.
    pub async fn send_canary(&self, moment: &Moment) -> Sent {
        let mut moment = moment.clone().not_before(self.store.head().time);
        let token = of_this_minute(&mut moment);
        if self.refuses_canary(token, moment.now) {
            return Sent::Failed("a token is refused as revoked that nobody revoked".to_owned());
        }
        let mut verifier = match self.canary_verifier(token, moment.now) {
            Ok(verifier) => verifier,
            Err(why) => return Sent::Failed(why),
        };
        if let Err(refused) = verifier.judge(moment.now) {
            return Sent::Failed(format!("a verifier refuses a token that nobody revoked: {refused}"));
        }
        let sequence = match self.commit(let_fall(token, &mut moment), &Arc::from("")).await {
            Ok(sequence) => sequence,
            Err(CommitError::Busy) => return Sent::NoTurn,
            Err(error) => return Sent::Failed(format!("a revocation could not be made: {error:?}")),
        };
        let told = *self.feed.watch().borrow();
        if !self.refuses_canary(token, moment.now) {
            Sent::Failed("a token that was revoked is accepted".to_owned())
        } else if told < sequence {
            Sent::Failed(format!("verifiers were told of {told} entries, and the ledger has {sequence}"))
        } else {
            self.refused_by(&mut verifier, sequence, moment.now)
        }
    }

    /// Whether a verifier refuses it that hears all up to this sequence.
    fn refused_by(&self, verifier: &mut CanaryVerifier, sequence: Sequence, now: Time) -> Sent {
        match verifier.hear(&self.feed, sequence, now) {
            Ok(true) => {}
            // So much was revoked meanwhile that a verifier would begin anew: that says nothing about this one.
            Ok(false) => return Sent::NoTurn,
            Err(why) => return Sent::Failed(format!("a verifier cannot follow the feed: {why}")),
        }
        match verifier.judge(now) {
            Err(Refused::Negative(Judgement::Revoked)) => Sent::Refused,
            Ok(()) => Sent::Failed("a verifier that follows the feed accepts a token that was revoked".to_owned()),
            // The key that signed it was revoked meanwhile.
            Err(_) => Sent::NoTurn,
        }
    }

    /// Takes down what became of one; the first failure after a success is to be told.
    pub fn note_canary(&self, sent: &Sent, now: Time) -> Option<Event> {
        self.canary.note(sent, now)
    }

    /// How it stands, as the doctor sees it.
    #[must_use]
    pub fn canary_seen(&self) -> CanarySeen {
        self.canary.seen()
    }

    /// How many failed since the start.
    #[must_use]
    pub fn canary_failures(&self) -> u64 {
        self.canary.failures()
    }

    fn refuses_canary(&self, token: CredentialId, now: Time) -> bool {
        let client = client();
        // Of a time that no cut-off reaches: by its own revocation it falls, or not at all.
        let described = Described { token: token.0, issued_at: i64::MAX, client: client.as_str(), ..Described::default() };
        self.registry.negatives.judge(&described, now.seconds()) == Judgement::Revoked
    }
}
