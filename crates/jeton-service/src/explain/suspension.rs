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

/// A client, an API, a person or a group that is suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspendedSubject {
    /// What it is.
    pub subject: CutOffSubject,
    /// Its id.
    pub id: Arc<str>,
    /// Its name; of an API the audience, of a person the username.
    pub name: Arc<str>,
    /// Since when, and what tells of it.
    pub since: Since,
}

impl Service {
    /// The clients, APIs, people and groups that are suspended and still there, in no order.
    #[must_use]
    pub fn suspended_subjects(&self) -> Vec<SuspendedSubject> {
        let all = self.registry.suspended_subjects().into_iter();
        all.filter_map(|(subject, id, since)| {
            let (subject, id, name) = self.named_subject(subject, &id)?;
            Some(SuspendedSubject { subject, id, name, since })
        })
        .collect()
    }

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
        let is_disabled = |one: &SuspendedSubject| {
            one.subject == CutOffSubject::User && !self.find_user(&one.id).is_ok_and(|person| person.record.is_active())
        };
        let suspended = self.suspended_subjects().into_iter().filter(|one| !is_disabled(one));
        let mut met: Vec<_> = suspended.map(|one| MetSubject { subject: one.subject, name: one.name, at: one.since.at_seconds }).collect();
        met.sort_by(|one, other| (one.subject as u8, &one.name).cmp(&(other.subject as u8, &other.name)));
        met
    }

    /// What a suspension is over, its id and its name: the suspension itself names an API by its audience.
    fn named_subject(&self, subject: Subject, id: &Arc<str>) -> Option<(CutOffSubject, Arc<str>, Arc<str>)> {
        match subject {
            Subject::Client => Some((CutOffSubject::Client, id.clone(), self.registry.clients.get(id)?.client.record.name.clone())),
            Subject::Api => {
                let api = self.registry.api_of_audience(id)?;
                Some((CutOffSubject::Api, api.record.id.0.clone(), api.record.audience.clone()))
            }
            Subject::User => Some((CutOffSubject::User, id.clone(), self.find_user(id).ok()?.record.username.clone())),
            Subject::Group => Some((CutOffSubject::Group, id.clone(), self.find_group(id).ok()?.record.name.clone())),
            Subject::Session | Subject::Family | Subject::Key | Subject::Everything => None,
        }
    }
}
