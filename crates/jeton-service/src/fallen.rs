//! How many tokens a cut-off ends.

use std::collections::HashMap;
use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::id::{ApiId, ClientId};
use jeton_core::moment::{Moment, Time};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::{self, AccessToken};
use jeton_store::store::{Fault, FaultKind};
use jeton_verify::negatives::{Described, Judgement};

use crate::Service;
use crate::failure::Failure;

/// How things stood before a cut-off: taken before it, since afterwards nobody can tell what it was that ended a token.
pub struct Survey {
    subject: CutOffSubject,
    name: Arc<str>,
    /// For each client and API that the cut-off may reach, from which `iat` on tokens lived.
    living_from: HashMap<(ClientId, ApiId), i64>,
}

impl Service {
    /// Notes how the tokens of a subject stand, so that what a cut-off ends can be counted after it.
    ///
    /// # Errors
    /// `NotFound` when nobody of that name is known: a cut-off would look as if it had ended something.
    pub fn survey(&self, subject: CutOffSubject, name: &str) -> Result<Survey, Refusal> {
        let (clients, apis, name) = match subject {
            CutOffSubject::Client => {
                let entry = self.find_client(name)?;
                let id = entry.client.record.id.0.clone();
                (vec![entry], self.registry.apis(), id)
            }
            CutOffSubject::Api => {
                let api = self.find_api(name)?;
                let id = api.record.id.0.clone();
                (self.clients(), vec![api], id)
            }
            CutOffSubject::Everything => (self.clients(), self.registry.apis(), Arc::from("")),
            CutOffSubject::User => (vec![], vec![], self.find_user(name).map_err(|_| nobody())?.record.id.0.clone()),
            CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => return Err(nobody()),
        };
        let mut living_from = HashMap::new();
        for client in clients.iter().map(|entry| &entry.client.record) {
            for api in apis.iter().map(|api| &api.record) {
                let not_before = self.registry.negatives.not_before(client.id.as_str(), &api.audience);
                living_from.insert((client.id.clone(), api.id.clone()), not_before);
            }
        }
        Ok(Survey { subject, name, living_from })
    }

    /// How many access tokens a cut-off at `before` ends, or has ended, of those that were alive when the survey was taken. Reads every
    /// token that is kept: for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn count_fallen(&self, survey: &Survey, before: Time, moment: &Moment, goes_on: impl Fn() -> bool) -> Result<Option<u64>, Failure> {
        if survey.living_from.is_empty() {
            return Ok(Some(0));
        }
        let (mut count, mut damaged) = (0, None);
        self.store.view()?.scan(&token::TABLE, &mut |row| {
            match AccessToken::from_row(&row.record) {
                Ok(token) => count += u64::from(self.falls(survey, &token, before, moment)),
                Err(malformed) => damaged = Some(malformed),
            }
            damaged.is_none() && goes_on()
        })?;
        match damaged {
            Some(malformed) => Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into()),
            None => Ok(goes_on().then_some(count)),
        }
    }

    fn falls(&self, survey: &Survey, token: &AccessToken, before: Time, moment: &Moment) -> bool {
        let is_of_subject = match survey.subject {
            CutOffSubject::Client => token.client.0 == survey.name,
            CutOffSubject::Api => token.api.0 == survey.name,
            CutOffSubject::Everything => true,
            CutOffSubject::User | CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => false,
        };
        if !is_of_subject || token.issued_at >= before.seconds() {
            return false;
        }
        let key = (token.client.clone(), token.api.clone());
        let lived = survey.living_from.get(&key).is_some_and(|living_from| token.issued_at >= *living_from);
        let Some(api) = self.registry.api(token.api.as_str()).filter(|_| lived) else { return false };
        let now = moment.now.seconds();
        // What the token's own id says, and nothing else: the cut-off itself may be in force by now.
        let alone = Described { token: token.id.0, issued_at: i64::MAX, ..Described::default() };
        now < effective_expiry(token, &api.record, &self.registry.policies())
            && self.registry.negatives.judge(&alone, now) != Judgement::Revoked
            && !self.died_with_its_key(token, moment)
    }
}

fn nobody() -> Refusal {
    let detail = "nothing would fall, nobody of that name is known: no token here names a session, a refresh family or a key";
    Refusal::new(Reason::NotFound, detail)
}
