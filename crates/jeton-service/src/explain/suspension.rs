//! Who suspended a client, an API, a person or a group, and why.

use std::sync::Arc;

use jeton_core::doctor::MetSubject;
use jeton_core::event::CutOffSubject;
use jeton_core::explain::said::Said;
use jeton_core::id::Actor;
use jeton_verify::negatives::Subject;

use super::past::{ERASED, actor, why};
use crate::failure::Failure;
use crate::registry::suspended::Since;
use crate::service::Service;

impl Service {
    /// Who suspended what is suspended since then, and why, where that was said. Reads the ledger.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub fn who_suspended(&self, since: Since) -> Result<Said, Failure> {
        let told = self.told_at(since.version)?;
        let by = told.iter().find_map(actor).unwrap_or_else(|| Actor::from(ERASED));
        Ok(Said { at: since.at_seconds, by, why: told.iter().find_map(why) })
    }

    /// The clients, APIs, people and groups that are suspended and still there, by kind and name. Of people only those who could have
    /// something: who is disabled is decided over.
    pub(crate) fn suspended_met(&self) -> Vec<MetSubject> {
        let mut met: Vec<_> = self
            .registry
            .suspended_subjects()
            .into_iter()
            .filter_map(|(subject, id, since)| {
                let (subject, name) = self.named_subject(subject, &id)?;
                Some(MetSubject { subject, name, at: since.at_seconds })
            })
            .collect();
        met.sort_by(|one, other| (one.subject as u8, &one.name).cmp(&(other.subject as u8, &other.name)));
        met
    }

    fn named_subject(&self, subject: Subject, id: &Arc<str>) -> Option<(CutOffSubject, Arc<str>)> {
        match subject {
            Subject::Client => Some((CutOffSubject::Client, self.registry.clients.get(id)?.client.record.name.clone())),
            Subject::Api => self.registry.api_of_audience(id).map(|api| (CutOffSubject::Api, api.record.audience.clone())),
            Subject::User => {
                let person = self.find_user(id).ok().filter(|person| person.record.is_active())?;
                Some((CutOffSubject::User, person.record.username.clone()))
            }
            Subject::Group => Some((CutOffSubject::Group, self.find_group(id).ok()?.record.name.clone())),
            Subject::Session | Subject::Family | Subject::Key | Subject::Everything => None,
        }
    }
}
