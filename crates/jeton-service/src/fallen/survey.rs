//! How things stood before a cut-off, and what is counted after it.

use std::collections::HashMap;
use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api::management::check_changeable;
use jeton_core::event::CutOffSubject;
use jeton_core::id::{ApiId, ClientId, GrantId, SessionId};
use jeton_core::moment::Time;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};

use crate::failure::Failure;
use crate::registry::clients::ClientEntry;
use crate::registry::judged;
use crate::service::Service;

/// How things stood before a cut-off: taken before it, since afterwards nobody can tell what it was that ended a credential.
pub struct Survey {
    pub(super) subject: CutOffSubject,
    /// As cut-offs name it.
    pub(super) name: Arc<str>,
    /// As rows name it.
    pub(super) id: Arc<str>,
    /// The latest cut-off of the subject itself, in seconds.
    pub(super) own_before: i64,
    /// When it was taken, in seconds.
    pub(super) taken_at: i64,
    /// Of a person: whether they were active.
    pub(super) was_active: bool,
    /// For each client and API that the cut-off may reach, from which `iat` on tokens lived.
    pub(super) living_from: HashMap<(ClientId, ApiId), i64>,
}

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    /// What a cut-off at this time ends of what was alive.
    Ended(Time),
    /// What is accepted, but for a suspension of the subject.
    Accepted,
}

impl Survey {
    /// Whether it may have access tokens.
    pub(super) fn has_tokens(&self) -> bool {
        let is_of_people = matches!(self.subject, CutOffSubject::User | CutOffSubject::Session | CutOffSubject::Family);
        is_of_people || !self.living_from.is_empty()
    }
}

impl Service {
    /// Notes how the credentials of a subject stand, so that what a cut-off ends can be counted after it.
    ///
    /// # Errors
    /// `NotFound` when nobody of that name is known: a cut-off would look as if it had ended something.
    pub fn survey(&self, subject: CutOffSubject, name: &str) -> Result<Survey, Refusal> {
        let mut was_active = true;
        let (clients, apis, id) = match subject {
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
            CutOffSubject::User => {
                let person = self.find_user(name)?;
                was_active = person.record.is_active();
                (vec![], vec![], person.record.id.0.clone())
            }
            CutOffSubject::Group => (vec![], vec![], self.find_group(name)?.record.id.0.clone()),
            CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => return Err(nobody()),
        };
        let name = self.cut_off_name(subject, name)?;
        Ok(self.survey_of((subject, name, id), (&clients, &apis), was_active))
    }

    /// The same, also of a session or a grant, which is looked up.
    ///
    /// # Errors
    /// `NotFound`; [`Failure::Fault`] when the engine cannot read.
    pub async fn survey_any(&self, subject: CutOffSubject, name: &str) -> Result<Survey, Failure> {
        let is_there = match subject {
            CutOffSubject::Session => match SessionId::parse(name) {
                Some(id) => self.session_row(id).await?.is_some(),
                None => false,
            },
            CutOffSubject::Family => match GrantId::parse(name) {
                Some(id) => self.grant(id).await?.is_some(),
                None => false,
            },
            _ => return Ok(self.survey(subject, name)?),
        };
        let name: Arc<str> = name.into();
        if is_there { Ok(self.survey_of((subject, name.clone(), name), (&[], &[]), true)) } else { Err(nobody().into()) }
    }

    fn survey_of(
        &self,
        (subject, name, id): (CutOffSubject, Arc<str>, Arc<str>),
        (clients, apis): (&[Arc<ClientEntry>], &[Arc<Versioned<Api>>]),
        was_active: bool,
    ) -> Survey {
        let own_before = self.registry.negatives.before(judged(subject), &name);
        let mut living_from = HashMap::new();
        for client in clients.iter().map(|entry| &entry.client.record) {
            for api in apis.iter().map(|api| &api.record) {
                let not_before = self.registry.negatives.not_before(client.id.as_str(), &api.audience);
                living_from.insert((client.id.clone(), api.id.clone()), not_before);
            }
        }
        Survey { subject, name, id, own_before, taken_at: self.now_on_ledger(), was_active, living_from }
    }

    /// The same of an API that is to be removed: all that is for it falls.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where it is not removed.
    pub fn survey_removal(&self, api: &str) -> Result<Survey, Refusal> {
        check_changeable(&self.find_api(api)?.record)?;
        self.survey(CutOffSubject::Api, api)
    }
}

fn nobody() -> Refusal {
    let detail = "there is no session, grant or key of this id: nothing would fall";
    Refusal::new(Reason::NotFound, detail)
}
