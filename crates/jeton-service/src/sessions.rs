//! Sessions of people: begun, judged, listed, ended.

pub mod list;
pub(crate) mod seen;

use std::sync::Arc;

use jeton_core::event::CutOffSubject;
use jeton_core::grant::Grant;
use jeton_core::grant::end::is_there;
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::id::{PersonId, ProviderId, SessionId};
use jeton_core::moment::Moment;
use jeton_core::outcome::Outcome;
use jeton_core::record::{Value, Versioned};
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::sender::Sender;
use jeton_core::session::begin::{Begun, Facts, begin};
use jeton_core::session::end::end;
use jeton_core::session::judge::{Facts as Judging, Judged, judge};
use jeton_core::session::proof::Authenticated;
use jeton_core::session::{self, BY_PERSON, Session};
use jeton_core::token::text;
use jeton_core::why::Speaker;
use jeton_store::store::{Fault, FaultKind};
use jeton_token::Kind;
use jeton_verify::negatives::Subject;

use crate::beside::beside;
use crate::failure::Failure;
use crate::keys::read::damaged;
use crate::service::Service;
use crate::transact::ATTEMPTS;

/// How many sessions of one person are looked at.
const OF_PERSON_MAX: usize = 512;
/// How many grants of one person are looked at where a session of theirs ends.
const GRANTS_MAX: usize = 4_096;
/// How many grants end in one commit with their session.
const ENDED_AT_ONCE: usize = 128;

/// By what somebody proved who they are that may be taken from them while they sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// By the password that was set then, in seconds: with another one it is worth nothing.
    Password {
        /// When it was set.
        set_at: i64,
    },
    /// By a provider: once it is gone, or means somebody else by that, it is worth nothing.
    Provider {
        /// Which.
        provider: ProviderId,
        /// What it calls them.
        subject: Arc<str>,
        /// When they showed it who they are, in seconds.
        authenticated_at: i64,
    },
}

/// What somebody who signs in proved.
#[derive(Clone, Debug)]
pub struct Proof {
    /// How, and when.
    pub authenticated: Authenticated,
    /// By what, which still holds when they are signed in; `None`: by nothing of it, now.
    pub by: Option<By>,
}

impl Service {
    /// Begins a session of a person who proved who they are; in a browser where they are signed in already that session goes on, with another
    /// secret. Whoever has a second factor begins none by less.
    ///
    /// # Errors
    /// [`Failure`]; nobody is signed in by this then.
    pub async fn begin_session(
        &self,
        person: &PersonId,
        proof: Proof,
        before: Option<&Versioned<Session>>,
        sender: &Sender,
        moment: &Moment,
    ) -> Result<Begun, Failure> {
        self.signing_in(person, proof.by.as_ref(), before, moment, |facts, moment| Ok(begin(facts, proof.authenticated, sender, moment)))
            .await
    }

    /// Decides, with all that is known of who signs in: in `before`, where that is a session of theirs, and by what they
    /// proved.
    pub(crate) async fn signing_in<R>(
        &self,
        person: &PersonId,
        by: Option<&By>,
        before: Option<&Versioned<Session>>,
        moment: &Moment,
        decide: impl Fn(&Facts<'_>, &mut Moment) -> Result<Outcome<R>, Failure>,
    ) -> Result<R, Failure> {
        let before = before.filter(|session| session.record.person == *person);
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let factor = self.second_factor_of(person).await?;
            let (mut password, mut identity) = (None, None);
            match by {
                Some(By::Password { set_at }) => password = Some(self.password_set_then(person, *set_at).await?),
                Some(By::Provider { provider, subject, .. }) => identity = Some(self.identity_of(person, provider, subject).await?),
                None => {}
            }
            let decided = self.attempt(moment, &nobody, |reading, moment| {
                let record = self.find_user(person.as_str())?;
                reading.rely_on_person(&record);
                if let Some(password) = &password {
                    reading.rely_on_password(password);
                }
                if let Some(identity) = &identity {
                    self.rely_on_provider_of(reading, identity)?;
                }
                reading.rely_on_second_factor(person, factor.as_ref().map(|factor| factor.version));
                let latest = self.registry.authenticated.latest(person);
                reading.rely_on_authentication(person, latest.as_ref().map(|latest| latest.version));
                if let Some(before) = before {
                    reading.rely_on_session(before.record.id, Some(before.version));
                }
                let negatives = &self.registry.negatives;
                let not_before = negatives.before(Subject::Everything, "").max(negatives.before(Subject::User, person.as_str()));
                let (policies, root_keys) = (self.registry.policies(), self.registry.root_keys());
                let facts = Facts {
                    person: &record.record,
                    session: before.map(|session| &session.record),
                    factor: factor.as_ref().map(|factor| &factor.record),
                    latest: latest.as_ref().map(|latest| &latest.record),
                    not_before_seconds: not_before,
                    policies: &policies,
                    prefix: &self.prefix,
                    root_keys: &root_keys,
                };
                decide(&facts, moment)
            });
            if let Some(decided) = decided.await? {
                return Ok(decided);
            }
        }
        Err(Failure::Contended)
    }

    /// The session of a text, where it is live; `seen_at` is when its browser was last here, in seconds.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn session(&self, text: &str, seen_at: i64, moment: &Moment) -> Result<Option<Versioned<Session>>, Failure> {
        let Some(parsed) = self.made_here(text, Kind::Session) else { return Ok(None) };
        let Some(found) = self.session_row(SessionId(parsed.id().to_bytes())).await? else { return Ok(None) };
        if !text::is(text, &found.record.proof, &self.registry.root_keys()) {
            return Ok(None);
        }
        if self.judge_session(&found.record, seen_at, moment) != Judged::Live || self.is_of_another_password(&found.record).await? {
            return Ok(None);
        }
        self.sessions_seen.note(found.record.id, moment.now.seconds());
        Ok(Some(found))
    }

    /// Whether its person has another password since: it ends then, also where whoever set that one could not end it.
    pub(crate) async fn is_of_another_password(&self, session: &Session) -> Result<bool, Failure> {
        Ok(self.password_set_at(&session.person).await?.is_some_and(|set_at| is_outlived(session, set_at)))
    }

    /// How a session stands whose browser was here at a time, in seconds.
    #[must_use]
    pub fn judge_session(&self, session: &Session, seen_at: i64, moment: &Moment) -> Judged {
        if self.is_session_suspended(session) {
            return Judged::Ended;
        }
        self.judge_but_for_suspension(session, seen_at, moment)
    }

    /// Whether it counts for nothing until it, or its person, is resumed.
    fn is_session_suspended(&self, session: &Session) -> bool {
        let negatives = &self.registry.negatives;
        negatives.is_subject_suspended(Subject::User, session.person.as_str())
            || negatives.is_subject_suspended(Subject::Session, &session.id.to_string())
    }

    /// The same, as if nothing were suspended.
    fn judge_but_for_suspension(&self, session: &Session, seen_at: i64, moment: &Moment) -> Judged {
        let negatives = &self.registry.negatives;
        let named = [(Subject::Everything, ""), (Subject::User, session.person.as_str())];
        let of_itself = negatives.before(Subject::Session, &session.id.to_string());
        let ended_before_seconds = named.into_iter().map(|(of, name)| negatives.before(of, name)).fold(of_itself, i64::max);
        let person = self.registry.people.all.get(session.person.as_str());
        let is_active = person.is_some_and(|person| person.record.is_active());
        self.judge_as(session, seen_at, ended_before_seconds, is_active, moment)
    }

    /// The same under this cut-off, in seconds, and of somebody who is active or not.
    pub(crate) fn judge_as(
        &self,
        session: &Session,
        seen_at: i64,
        ended_before_seconds: i64,
        is_person_active: bool,
        moment: &Moment,
    ) -> Judged {
        let (policies, known_from_seconds) = (self.registry.policies(), self.registry.sessions_known_from());
        let facts = Judging { seen_at, is_person_active, ended_before_seconds, known_from_seconds, policies: &policies };
        judge(session, facts, self.ledger_time(moment).seconds())
    }

    /// A session, where it is of this person, live or not.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn session_of(&self, person: &PersonId, id: SessionId) -> Result<Option<Versioned<Session>>, Failure> {
        Ok(self.session_row(id).await?.filter(|session| session.record.person == *person))
    }

    /// The row of a session.
    pub(crate) async fn session_row(&self, id: SessionId) -> Result<Option<Versioned<Session>>, Failure> {
        let Some(row) = self.fetch(&session::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: Session::from_row(&row.record).map_err(damaged)? }))
    }

    /// Sessions of a person, live or not, oldest first: as many as are looked at at once.
    ///
    /// # Errors
    /// [`Failure::Fault`] when the engine cannot read.
    pub async fn sessions_of(&self, person: &PersonId) -> Result<Vec<Versioned<Session>>, Failure> {
        self.sessions_of_after(person, None).await
    }

    /// The same, behind one of them.
    pub(crate) async fn sessions_of_after(&self, person: &PersonId, after: Option<SessionId>) -> Result<Vec<Versioned<Session>>, Failure> {
        let (store, prefix) = (self.store.clone(), vec![Value::Text(person.0.clone())]);
        let after = after.map(|id| vec![Value::Id(id.0)]);
        let rows = beside(move || store.view()?.range(&session::TABLE, BY_PERSON, &prefix, after.as_ref(), OF_PERSON_MAX)).await;
        let rows = rows.unwrap_or_else(|| Err(Fault::new(FaultKind::Closed, "the store is closed")))?;
        let read = |row: &Versioned<_>| Ok(Versioned { version: row.version, record: Session::from_row(&row.record)? });
        rows.iter().map(read).collect::<Result<_, _>>().map_err(damaged)
    }

    /// Ends a session, and the grants that go with it; how many.
    ///
    /// # Errors
    /// `NotFound`, or any other [`Failure`]: the session is not known to have ended then.
    pub async fn end_session<'a>(&self, id: SessionId, by: impl Into<Speaker<'a>>, moment: &Moment) -> Result<usize, Failure> {
        let by = by.into();
        let (mut moments, mut count) = (moment.clone(), self.end_session_with_some(id, by, moment).await?);
        // More than one commit takes; and those that came of it while it ended.
        let person = count.1;
        while let Some(grant) = self.bound_to(&person, id).await?.first() {
            count.0 += usize::from(self.end_grant(grant.record.id, by.actor, &moments.split()).await?);
        }
        Ok(count.0)
    }

    async fn end_session_with_some(&self, id: SessionId, by: Speaker<'_>, moment: &Moment) -> Result<(usize, PersonId), Failure> {
        let nobody = Arc::from("");
        for _ in 0..ATTEMPTS {
            let session = self.session_row(id).await?.ok_or_else(no_session)?;
            let person = session.record.person.clone();
            let grants = self.bound_to(&person, id).await?;
            let ended = self.attempt(moment, &nobody, |reading, moment| {
                reading.rely_on_session(id, Some(session.version));
                grants.iter().for_each(|grant| reading.rely_on_grant(grant.record.id, Some(grant.version)));
                let latest = self.registry.latest_cut_off(CutOffSubject::Session, &Arc::from(id.to_string()));
                let records: Vec<_> = grants.iter().map(|grant| grant.record.clone()).collect();
                Ok(end(&session.record, &records, latest, by, moment))
            });
            if let Some(count) = ended.await? {
                return Ok((count, person));
            }
        }
        Err(Failure::Contended)
    }

    /// Grants of a person that end with this session and have not, as many as end in one commit.
    async fn bound_to(&self, person: &PersonId, session: SessionId) -> Result<Vec<Versioned<Grant>>, Failure> {
        let mut bound = Vec::new();
        for line in self.grants_of(person, None, GRANTS_MAX).await?.iter().filter(|line| line.session == Some(session)) {
            if bound.len() == ENDED_AT_ONCE {
                break;
            }
            let grant = self.grant(line.grant).await?;
            bound.extend(grant.filter(|grant| is_there(&grant.record) && !grant.record.identity.has(IdentityScope::OfflineAccess)));
        }
        Ok(bound)
    }
}

/// Whether a session was renewed last before the password was set that its person has, in seconds.
pub(crate) fn is_outlived(session: &Session, password_set_at: i64) -> bool {
    session.renewed_at < password_set_at
}

fn no_session() -> Refusal {
    Refusal::new(Reason::NotFound, "there is no session of this id: it has ended")
}
