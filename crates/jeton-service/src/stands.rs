//! How something stands that a change leaves as it was.

use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::state::State;
use jeton_core::client::secret::ClientSecret;
use jeton_core::event::CutOffSubject;
use jeton_core::explain::said::Said;
use jeton_core::moment::Moment;
use jeton_core::policy::idle::Idle;
use jeton_core::token::standing::Standing;

use crate::failure::Failure;
use crate::keys::filter::StandingKind;
use crate::pasted::Credential;
use crate::service::Service;

/// How a credential stands.
#[derive(Clone, Debug)]
pub struct Stands {
    /// How.
    pub kind: StandingKind,
    /// Who suspended it itself, when and why, where that is known.
    pub suspended: Option<Said>,
}

impl Service {
    /// How a credential stands; a text that is dead as its key does.
    #[must_use]
    pub fn stands(&self, credential: &Credential, moment: &Moment) -> Stands {
        match credential {
            Credential::Token(proven) => {
                let kind = match self.stand(proven, moment).0 {
                    Standing::Active => StandingKind::Active,
                    Standing::Suspended => StandingKind::Suspended,
                    Standing::Expired => StandingKind::Expired,
                    Standing::Revoked => StandingKind::Revoked,
                };
                Stands { kind, suspended: None }
            }
            Credential::Key(entry) | Credential::DeadText(entry) => {
                let kind = StandingKind::from(self.key_standing(entry, Slot::Current, moment).0);
                Stands { kind, suspended: said(&entry.key.record.state).filter(|_| kind == StandingKind::Suspended) }
            }
            Credential::ClientSecret(secret) => self.secret_stands(&secret.record, moment),
        }
    }

    fn secret_stands(&self, secret: &ClientSecret, moment: &Moment) -> Stands {
        let (policies, now_seconds) = (self.registry.policies(), self.ledger_time(moment).seconds());
        let idle = secret.idle(&policies, self.secret_used(secret), now_seconds);
        let kind = match &secret.state {
            State::Revoked(_) => StandingKind::Revoked,
            _ if secret.has_ended(&policies, now_seconds) => StandingKind::Expired,
            _ if idle == Idle::Revoked => StandingKind::Revoked,
            State::Suspended(_) => StandingKind::Suspended,
            State::Active if idle == Idle::Suspended => StandingKind::Suspended,
            State::Active => StandingKind::Active,
        };
        Stands { kind, suspended: said(&secret.state).filter(|_| kind == StandingKind::Suspended) }
    }

    /// Who suspended all of a subject, when and why; `None`: it is not suspended. Reads the ledger.
    ///
    /// # Errors
    /// `NotFound` when there is no such subject; [`Failure::Fault`] when the engine cannot read.
    pub fn suspension_of(&self, subject: CutOffSubject, name: &str) -> Result<Option<Said>, Failure> {
        let since = self.registry.suspended_since(subject, &self.cut_off_name(subject, name)?);
        since.map(|since| self.who_suspended(since)).transpose()
    }
}

fn said(state: &State) -> Option<Said> {
    match state {
        State::Suspended(ended) => Some(ended.into()),
        State::Active | State::Revoked(_) => None,
    }
}
