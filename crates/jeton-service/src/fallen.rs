//! How many credentials of each kind a cut-off ends, and a suspension reaches.

mod sign_ins;
pub mod survey;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::secret::Slot;
use jeton_core::api_key::standing::{Standing, Surroundings, standing};
use jeton_core::api_key::state::State;
use jeton_core::event::CutOffSubject;
use jeton_core::moment::{Moment, Time};
use jeton_core::record::Row;
use jeton_core::rights::OwnerStanding;
use jeton_core::token::cut_off::beyond_all_issued;
use jeton_core::token::introspect::effective_expiry;
use jeton_core::token::{self, AccessToken};
use jeton_core::why::Why;
use jeton_store::store::{Fault, FaultKind};
use jeton_verify::negatives::{Described, Judgement, Subject};

use sign_ins::Count;
use survey::{Counted, Survey};

use crate::Service;
use crate::failure::Failure;
use crate::key_cache;
use crate::keys::entry::KeyEntry;
use crate::keys::owner::subjects_over;
use crate::keys::read::damaged as damaged_row;
use crate::keys::walk::walks_of;
use crate::pasted::ByKind;
use crate::registry::judged;

/// How many keys are read at once.
const STEP: usize = 256;

impl Service {
    /// How many credentials fall with an API that is there still. As [`count_fallen`](Self::count_fallen).
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn count_with_api(&self, survey: &Survey, moment: &Moment, goes_on: impl Fn() -> bool) -> Result<Option<ByKind>, Failure> {
        let latest = self.registry.latest_cut_off(survey.subject, &survey.name);
        self.count_fallen(survey, beyond_all_issued(moment.now, latest), moment, goes_on)
    }

    /// How many credentials a cut-off at `before` ends, or has ended, of those that were alive when the survey was taken. Reads every token
    /// that is kept where the subject has any, and of keys the subject's: for a thread that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn count_fallen(
        &self,
        survey: &Survey,
        before: Time,
        moment: &Moment,
        goes_on: impl Fn() -> bool,
    ) -> Result<Option<ByKind>, Failure> {
        self.count(survey, Counted::Ended(before), moment, &goes_on)
    }

    /// How many credentials of a subject are accepted but for its suspension: what one suspends, and a resumption gives back. For a thread
    /// that may block. `None`: `goes_on` said no before the end.
    ///
    /// # Errors
    /// When the engine cannot read, or a row is damaged.
    pub fn count_accepted(&self, survey: &Survey, moment: &Moment, goes_on: impl Fn() -> bool) -> Result<Option<ByKind>, Failure> {
        let Some(mut counted) = self.count(survey, Counted::Accepted, moment, &goes_on)? else { return Ok(None) };
        if survey.subject == CutOffSubject::Client
            && let Some(entry) = self.registry.clients.get(&survey.id)
        {
            let (policies, now_seconds) = (self.registry.policies(), self.ledger_time(moment).seconds());
            counted.client_secrets = entry.secrets.iter().filter(|secret| secret.record.is_live(&policies, now_seconds)).count() as u64;
        }
        Ok(Some(counted))
    }

    fn count(&self, survey: &Survey, what: Counted, moment: &Moment, goes_on: &dyn Fn() -> bool) -> Result<Option<ByKind>, Failure> {
        let (mut counted, mut damaged) = (ByKind::default(), None);
        let view = self.store.view()?;
        if survey.has_tokens() {
            view.scan(&token::TABLE, &mut |row| {
                if is_row_of_subject(&row.record, survey) {
                    match AccessToken::from_row(&row.record) {
                        Ok(token) => counted.access_tokens += u64::from(self.counts_token(survey, &token, what, moment)),
                        Err(malformed) => damaged = Some(malformed),
                    }
                }
                damaged.is_none() && goes_on()
            })?;
        }
        if let Some(malformed) = damaged {
            return Err(Fault::new(FaultKind::Damaged, malformed.to_string()).into());
        }
        counted.add(self.count_sign_ins(Count { view: &*view, survey, what, moment, goes_on })?);
        for walk in walks_of(survey.subject, &survey.id) {
            let mut behind = None;
            while goes_on() {
                let found = walk.next(&*view, behind.as_ref(), STEP)?;
                for found in found.iter().filter(|found| may_count(&found.row.record, survey)) {
                    let entry = key_cache::entry(&found.row).map_err(damaged_row)?;
                    if walk.tells(&entry.key.record, &found.place) && self.counts_key(survey, &entry, what, moment) {
                        counted.add_key(entry.key.record.kind);
                    }
                }
                match found.into_iter().last() {
                    Some(last) => behind = Some(last.place),
                    None => break,
                }
            }
        }
        Ok(goes_on().then_some(counted))
    }

    fn counts_token(&self, survey: &Survey, token: &AccessToken, what: Counted, moment: &Moment) -> bool {
        let Some(api) = self.registry.api(token.api.as_str()) else { return false };
        let now = moment.now.seconds();
        if effective_expiry(token, &api.record, &self.registry.policies()) <= now || self.died_with_its_key(token, moment) {
            return false;
        }
        let negatives = &self.registry.negatives;
        match what {
            Counted::Ended(before) => {
                let lived = self.lived_from(survey, token, &api.record.audience).is_some_and(|from| token.issued_at >= from);
                // What the token's own id says, and nothing else: the cut-off itself may be in force by now.
                let alone = Described { token: token.id.0, issued_at: i64::MAX, ..Described::default() };
                lived && token.issued_at < before.seconds() && negatives.judge(&alone, now) != Judgement::Revoked
            }
            Counted::Accepted => {
                let held = token.held.as_ref();
                let (session, family) =
                    (held.and_then(|held| held.session).map(|id| id.to_string()), held.map(|held| held.grant.to_string()));
                let described = Described {
                    token: token.id.0,
                    issued_at: token.issued_at,
                    client: token.client.as_str(),
                    audience: &api.record.audience,
                    user: held.map(|held| held.person.as_str()),
                    session: session.as_deref(),
                    family: family.as_deref(),
                    ..Described::default()
                };
                let but_for = Some((judged(survey.subject), &*survey.name));
                self.registry.clients.get(token.client.as_str()).is_some()
                    && negatives.judge_but_for(&described, but_for, now) == Judgement::Accepted
            }
        }
    }

    /// From which `iat` on a token lived when the survey was taken, in seconds; `None`: its client or its API was not there.
    fn lived_from(&self, survey: &Survey, token: &AccessToken, audience: &str) -> Option<i64> {
        let of_client = match survey.subject {
            CutOffSubject::User | CutOffSubject::Session | CutOffSubject::Family => {
                self.registry.negatives.not_before(token.client.as_str(), audience)
            }
            _ => *survey.living_from.get(&(token.client.clone(), token.api.clone()))?,
        };
        let Some(held) = &token.held else { return Some(of_client) };
        let (session, family) = (held.session.map(|id| id.to_string()), held.grant.to_string());
        let named =
            [(Subject::User, held.person.as_str()), (Subject::Family, &family), (Subject::Session, session.as_deref().unwrap_or(""))];
        Some(of_client.max(self.ended_before_was(survey, &named)))
    }

    fn counts_key(&self, survey: &Survey, entry: &KeyEntry, what: Counted, moment: &Moment) -> bool {
        let key = &entry.key.record;
        let judged_now = self.judged(entry);
        let audience = judged_now.api.as_ref().map_or("", |api| &*api.record.audience);
        let subjects = subjects_over(&key.owner, key.client.as_ref(), audience);
        let (subject, policies) = (judged(survey.subject), self.registry.policies());
        let but_for = Some((subject, &*survey.name));
        let surroundings = self.surroundings(entry, &judged_now, &policies);
        // Who was disabled with the cut-off stood before it.
        let was_disabled = survey.subject == CutOffSubject::User && survey.was_active && surroundings.owner == OwnerStanding::Disabled;
        let around = Surroundings {
            owner: if was_disabled { OwnerStanding::Stands } else { surroundings.owner },
            is_suspended: self.is_any_suspended(subjects, but_for),
            not_before_seconds: match what {
                Counted::Ended(_) => self.latest_over(subjects, Some((subject, &*survey.name, survey.own_before))),
                Counted::Accepted => self.latest_over(subjects, None),
            },
            ..surroundings
        };
        // A job may have written down by now what is counted here: it is judged as it was.
        let was = matches!(key.state, State::Revoked(_)).then(|| ApiKey { state: State::Active, ..key.clone() });
        let stands = standing(was.as_ref().unwrap_or(key), Slot::Current, &around, self.ledger_time(moment).seconds());
        match what {
            Counted::Ended(before) => {
                matches!(stands, Standing::Live | Standing::Suspended(_)) && key.current.created_at < before.seconds()
            }
            Counted::Accepted => stands == Standing::Live,
        }
    }
}

/// Whether the row of a token is one of a subject, told before it is read whole.
fn is_row_of_subject(row: &Row, survey: &Survey) -> bool {
    let Some((client, api)) = AccessToken::named_in(row) else { return true };
    match survey.subject {
        CutOffSubject::Client => *client == *survey.id,
        CutOffSubject::Api => *api == *survey.id,
        CutOffSubject::Everything => true,
        CutOffSubject::User | CutOffSubject::Session | CutOffSubject::Family => AccessToken::is_of_holder(row, survey.subject, &survey.id),
        CutOffSubject::Group | CutOffSubject::Key => false,
    }
}

/// Whether a key may count at all: one that was revoked before the survey does not, and is not read whole.
fn may_count(row: &Row, survey: &Survey) -> bool {
    ApiKey::revoked_at(row).is_none_or(|(at, why)| at >= survey.taken_at && why == Why::CutOff.name())
}
