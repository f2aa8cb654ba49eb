//! How many sessions, codes and refresh families a cut-off ends, and a suspension reaches.

use jeton_core::event::CutOffSubject;
use jeton_core::grant::end::is_there;
use jeton_core::grant::of_person::{self, GrantOfPerson};
use jeton_core::grant::refresh::ends_at;
use jeton_core::grant::{self, Grant};
use jeton_core::id::{ClientId, GrantId, PersonId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::record::{Malformed, Row, Table, Value};
use jeton_core::session::judge::Judged;
use jeton_core::session::{self, BY_PERSON, Session};
use jeton_store::store::View;
use jeton_verify::negatives::Subject;

use super::survey::{Counted, Survey};
use crate::failure::Failure;
use crate::grants::Between;
use crate::grants::live_codes::live_codes;
use crate::keys::read::damaged;
use crate::pasted::ByKind;
use crate::registry::judged;
use crate::service::Service;

/// One reading of the store, and what is counted in it.
#[derive(Clone, Copy)]
pub(super) struct Count<'c> {
    pub(super) view: &'c dyn View,
    pub(super) survey: &'c Survey,
    pub(super) what: Counted,
    pub(super) moment: &'c Moment,
    /// Whether anybody waits for it still.
    pub(super) goes_on: &'c dyn Fn() -> bool,
}

impl Service {
    /// What people began and allowed, of this subject.
    pub(super) fn count_sign_ins(&self, count: Count<'_>) -> Result<ByKind, Failure> {
        let mut counted = ByKind::default();
        if matches!(count.survey.subject, CutOffSubject::Api | CutOffSubject::Group | CutOffSubject::Key) {
            return Ok(counted);
        }
        counted.sessions = self.count_sessions(count)?;
        counted.refresh_tokens = self.count_families(count)?;
        counted.authorization_codes = self.count_codes(count)?;
        Ok(counted)
    }

    fn count_sessions(&self, count: Count<'_>) -> Result<u64, Failure> {
        let Count { view, survey, .. } = count;
        let id = survey.id.clone();
        let mut sessions = 0;
        let mut each = |row: &Row| {
            sessions += u64::from(self.counts_session(count, &Session::from_row(row)?));
            Ok(())
        };
        match survey.subject {
            CutOffSubject::User => {
                let rows = view.range(&session::TABLE, BY_PERSON, &vec![Value::Text(id)], None, usize::MAX)?;
                rows.iter().try_for_each(|row| each(&row.record)).map_err(damaged)?;
            }
            CutOffSubject::Session => {
                if let Some(id) = SessionId::parse(&id)
                    && let Some(row) = view.get(&session::TABLE, &vec![Value::Id(id.0)])?
                {
                    each(&row.record).map_err(damaged)?;
                }
            }
            CutOffSubject::Everything => scanned(count, &session::TABLE, &mut each)?,
            _ => {}
        }
        Ok(sessions)
    }

    fn counts_session(&self, count: Count<'_>, session: &Session) -> bool {
        let (person, id) = (session.person.as_str(), session.id.to_string());
        let named = [(Subject::Everything, ""), (Subject::User, person), (Subject::Session, id.as_str())];
        let stands = self.judge_as(session, self.last_seen(session), i64::MIN, true, count.moment);
        matches!(stands, Judged::Live | Judged::Idle) && self.counts(count, person, &named, session.created_at)
    }

    fn count_families(&self, count: Count<'_>) -> Result<u64, Failure> {
        let Count { view, survey, .. } = count;
        let id = survey.id.clone();
        let mut families = 0;
        let mut each = |row: &Row| {
            families += u64::from(self.counts_family(count, &Grant::from_row(row)?));
            Ok(())
        };
        match survey.subject {
            CutOffSubject::User => {
                let lines = view.starting_with(&of_person::TABLE, &of_person::prefix(&PersonId(id), None), usize::MAX)?;
                for line in lines {
                    let line = GrantOfPerson::from_row(&line.record).map_err(damaged)?;
                    if let Some(row) = view.get(&grant::TABLE, &vec![Value::Id(line.grant.0)])? {
                        each(&row.record).map_err(damaged)?;
                    }
                }
            }
            CutOffSubject::Family => {
                if let Some(id) = GrantId::parse(&id)
                    && let Some(row) = view.get(&grant::TABLE, &vec![Value::Id(id.0)])?
                {
                    each(&row.record).map_err(damaged)?;
                }
            }
            CutOffSubject::Client | CutOffSubject::Session | CutOffSubject::Everything => scanned(count, &grant::TABLE, &mut each)?,
            CutOffSubject::Api | CutOffSubject::Group | CutOffSubject::Key => {}
        }
        Ok(families)
    }

    fn counts_family(&self, count: Count<'_>, grant: &Grant) -> bool {
        let Some(family) = grant.family.as_ref().filter(|_| is_there(grant)) else { return false };
        let between = Between::of(grant);
        let is_over = ends_at(grant, family, &self.registry.policies()) <= self.ledger_time(count.moment).seconds();
        let is_of = is_of(count.survey, &between);
        is_of && !is_over && self.counts_between(count, &between, grant.created_at)
    }

    fn count_codes(&self, count: Count<'_>) -> Result<u64, Failure> {
        let mut live = Vec::new();
        live_codes(count.view, self.ledger_time(count.moment).seconds(), &mut |code| {
            let between = Between { person: &code.person, client: &code.client, session: Some(code.session), family: Some(code.id) };
            if is_of(count.survey, &between) && self.counts_between(count, &between, code.issued_at) {
                live.push(code.id);
            }
            (count.goes_on)()
        })?;
        let mut codes = 0;
        for id in live {
            // One that was exchanged has a grant.
            codes += u64::from(count.view.get(&grant::TABLE, &vec![Value::Id(id.0)])?.is_none());
        }
        Ok(codes)
    }

    fn counts_between(&self, count: Count<'_>, between: &Between<'_>, since: i64) -> bool {
        let (session, family) = (between.session.map(|id| id.to_string()), between.family.map(|id| id.to_string()));
        let mut named =
            vec![(Subject::Everything, ""), (Subject::User, between.person.as_str()), (Subject::Client, between.client.as_str())];
        named.extend(session.as_deref().map(|session| (Subject::Session, session)));
        named.extend(family.as_deref().map(|family| (Subject::Family, family)));
        self.is_client_there(between.client) && self.counts(count, between.person.as_str(), &named, since)
    }

    fn is_client_there(&self, client: &ClientId) -> bool {
        self.registry.clients.get(client.as_str()).is_some()
    }

    /// Whether what was made at a time, in seconds, falls, of what is named so; or is accepted but for the suspension.
    fn counts(&self, count: Count<'_>, person: &str, named: &[(Subject, &str)], since: i64) -> bool {
        let Count { survey, what, .. } = count;
        let person = self.registry.people.all.get(person);
        let was_active =
            person.is_some_and(|person| person.record.is_active() || (survey.subject == CutOffSubject::User && survey.was_active));
        let lived = was_active && since >= self.ended_before_was(survey, named);
        match what {
            Counted::Ended(before) => lived && since < before.seconds(),
            Counted::Accepted => {
                let own = (judged(survey.subject), &*survey.name);
                let negatives = &self.registry.negatives;
                lived && !named.iter().any(|(subject, name)| (*subject, *name) != own && negatives.is_subject_suspended(*subject, name))
            }
        }
    }

    /// The latest cut-off over these as it was when the survey was taken, in seconds.
    pub(super) fn ended_before_was(&self, survey: &Survey, named: &[(Subject, &str)]) -> i64 {
        let own = (judged(survey.subject), &*survey.name);
        let before = |(subject, name): &(Subject, &str)| match (*subject, *name) == own {
            true => survey.own_before,
            false => self.registry.negatives.before(*subject, name),
        };
        named.iter().map(before).fold(i64::MIN, i64::max)
    }
}

/// Whether what is between these falls with the subject.
fn is_of(survey: &Survey, between: &Between<'_>) -> bool {
    match survey.subject {
        CutOffSubject::Everything => true,
        CutOffSubject::User => between.person.as_str() == &*survey.id,
        CutOffSubject::Client => between.client.as_str() == &*survey.id,
        CutOffSubject::Session => between.session.is_some_and(|session| session.to_string() == *survey.id),
        CutOffSubject::Family => between.family.is_some_and(|family| family.to_string() == *survey.id),
        CutOffSubject::Api | CutOffSubject::Group | CutOffSubject::Key => false,
    }
}

/// Goes over a table, as long as anybody waits for it.
fn scanned(count: Count<'_>, table: &'static Table, each: &mut dyn FnMut(&Row) -> Result<(), Malformed>) -> Result<(), Failure> {
    let mut read = Ok(());
    count.view.scan(table, &mut |row| {
        read = each(&row.record);
        read.is_ok() && (count.goes_on)()
    })?;
    read.map_err(damaged)
}
