//! What stands around a grant: cut-offs, the person, the API that is asked for.

use std::sync::Arc;

use jeton_core::api::Api;
use jeton_core::api::management::is_management;
use jeton_core::grant::Grant;
use jeton_core::grant::scopes::IdentityScope;
use jeton_core::id::{ApiId, ClientId, GrantId, PersonId, SessionId};
use jeton_core::moment::{Moment, Time};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::rule::Subject as Level;
use jeton_core::record::Versioned;
use jeton_core::refusal::{Reason, Refusal};
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::role::holder::Holder;
use jeton_core::token::AccessToken;
use jeton_core::token::cut_off::issuable_from;
use jeton_core::token::suspend_subject::check_may_get;
use jeton_oauth::Resource;
use jeton_oauth::scope::ScopeSet;
use jeton_verify::negatives::Subject;

use crate::failure::Failure;
use crate::service::Service;

/// Whom a grant is between, as cut-offs name them.
pub(crate) struct Between<'a> {
    pub(crate) person: &'a PersonId,
    pub(crate) client: &'a ClientId,
    pub(crate) session: Option<SessionId>,
    pub(crate) family: Option<GrantId>,
}

impl<'a> Between<'a> {
    pub(crate) fn of(grant: &'a Grant) -> Between<'a> {
        // What outlives its session does not end with it.
        let session = grant.session.filter(|_| !grant.identity.has(IdentityScope::OfflineAccess));
        Between { person: &grant.person, client: &grant.client, session, family: Some(grant.id) }
    }
}

impl Service {
    /// The latest cut-off over any of them, or over everything, in seconds: what is from before it is dead.
    pub(crate) fn ended_before(&self, between: &Between<'_>) -> i64 {
        let negatives = &self.registry.negatives;
        let named = [(Subject::Everything, ""), (Subject::User, between.person.as_str()), (Subject::Client, between.client.as_str())];
        let of_ids = [
            between.session.map(|session| (Subject::Session, session.to_string())),
            between.family.map(|family| (Subject::Family, family.to_string())),
        ];
        let named = named.into_iter().map(|(subject, name)| negatives.before(subject, name));
        let of_ids = of_ids.into_iter().flatten().map(|(subject, name)| negatives.before(subject, &name));
        named.chain(of_ids).fold(i64::MIN, i64::max)
    }

    /// The same over an API.
    pub(crate) fn api_ended_before(&self, api: &Api) -> i64 {
        self.registry.negatives.before(Subject::Api, &api.audience)
    }

    /// The earliest `iat` that a token may carry which is issued now, in seconds.
    pub(crate) fn not_before(&self, between: &Between<'_>, api: Option<&Api>) -> i64 {
        let of_api = api.map_or(i64::MIN, |api| self.api_ended_before(api));
        self.ended_before(between).max(of_api)
    }

    /// Whether a token that carries that `iat` may be issued already. Asked of what a decision grants: what is dead is refused at once.
    ///
    /// # Errors
    /// [`Failure::CutOffAhead`] where it lies too far ahead.
    pub(crate) fn check_issuable(&self, not_before_seconds: i64, moment: &Moment) -> Result<(), Failure> {
        let from = issuable_from(not_before_seconds);
        if moment.now < from {
            return Err(Failure::CutOffAhead { wait_micros: from.micros().saturating_sub(self.moments.time().micros()) });
        }
        Ok(())
    }

    /// Whether nothing is issued to them for now.
    ///
    /// # Errors
    /// Which of them is suspended.
    pub(crate) fn check_not_suspended(&self, between: &Between<'_>, api: Option<&Api>) -> Result<(), Refusal> {
        let is_suspended = |subject, name: &str| self.registry.negatives.is_subject_suspended(subject, name);
        check_may_get(
            is_suspended(Subject::Client, between.client.as_str()),
            api.is_some_and(|api| is_suspended(Subject::Api, &api.audience)),
        )?;
        let session = between.session.map(|session| session.to_string());
        let family = between.family.map(|family| family.to_string());
        let is_theirs_suspended = is_suspended(Subject::User, between.person.as_str())
            || session.is_some_and(|session| is_suspended(Subject::Session, &session))
            || family.is_some_and(|family| is_suspended(Subject::Family, &family));
        if is_theirs_suspended {
            return Err(Refusal::new(Reason::InvalidGrant, "what this person allowed is suspended: nothing is issued until it is resumed"));
        }
        Ok(())
    }

    /// The API that a token is asked for: the one that is named, or else this.
    ///
    /// # Errors
    /// `InvalidTarget` where several are named.
    pub(crate) fn api_asked_for(&self, resources: &[Resource], otherwise: &ApiId) -> Result<Option<Arc<Versioned<Api>>>, Refusal> {
        match resources {
            [] => Ok(self.registry.api(otherwise.as_str())),
            [only] => Ok(self.registry.api_of_audience(only.as_str())),
            _ => Err(Refusal::new(Reason::InvalidTarget, "a token is for one resource: ask for each by itself")),
        }
    }

    /// What a person may do at an API now; nothing at one that is not there.
    pub(crate) fn rights_at(&self, person: &PersonId, api: Option<&Api>) -> Rights {
        let nothing = || Rights { scopes: ScopeSet::empty(), standing: OwnerStanding::NoAccess };
        api.map_or_else(nothing, |api| self.registry.people.rights(&Holder::Person(person.clone()), api))
    }

    /// How long it counts that a person proved who they are, in seconds: less for those who administer.
    #[must_use]
    pub fn reauthentication_seconds(&self, person: &PersonId) -> i64 {
        let roles = self.registry.people.roles_of(&Holder::Person(person.clone()));
        let administers = roles.iter().any(|held| is_management(&held.role.record.api));
        let kind = if administers { CredentialKind::AdministratorReauthentication } else { CredentialKind::Reauthentication };
        self.registry.policies().effective(kind, &Level::Deployment).default_seconds
    }

    /// Whether what was made then may have been taken back in a time that nobody knows of.
    ///
    /// # Errors
    /// [`Failure::Fenced`].
    pub(crate) fn check_not_fenced(&self, made_at: Time) -> Result<(), Failure> {
        if self.registry.fence().holds_back(made_at.seconds()) { Err(Failure::Fenced) } else { Ok(()) }
    }

    /// Whether a token that was just issued is one that would not be issued now: a cut-off came first, or its person may do less. Looked at
    /// after its commit, before it is handed out.
    pub(crate) fn is_overtaken(&self, token: &AccessToken, between: &Between<'_>, api: &Api) -> bool {
        let before = self.ended_before(between).max(self.api_ended_before(api));
        if before > token.issued_at {
            return true;
        }
        let rights = self.rights_at(between.person, self.registry.api(api.id.as_str()).as_ref().map(|api| &api.record));
        let asked = ScopeSet::parse(&token.scope).unwrap_or_default().intersection(&api.scope_set());
        rights.standing != OwnerStanding::Stands || !asked.is_subset(&rights.scopes)
    }
}
