//! What is asked of an exception, for whatever kind of credential.

use std::sync::Arc;

use super::{AHEAD_MAX_SECONDS, PolicyException, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ExceptionId, draw_name};
use crate::moment::Moment;
use crate::name::parse_words;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::refusal::{Reason, Refusal};

/// What is asked for: all of it is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateException {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When the credential ends, in seconds.
    pub ends_at: i64,
}

/// The credential that an exception is for.
pub(crate) struct Excepted<'a> {
    /// Its kind.
    pub(crate) kind: CredentialKind,
    /// Its id.
    pub(crate) credential: Arc<str>,
    /// When the policies let it end, in seconds.
    pub(crate) ends_by_policy: i64,
    /// What is said of lifetimes.
    pub(crate) policies: &'a Policies,
}

impl CreateException {
    /// The exception for a credential.
    ///
    /// # Errors
    /// What is missing or out of bounds; or `Conflict` where there is one already.
    pub(crate) fn parse(&self, of: &Excepted<'_>, actor: &Actor, moment: &mut Moment) -> Result<PolicyException, Refusal> {
        let now_seconds = moment.now.seconds();
        let (owner, reason) = (parse_words(&self.owner, "the owner of an exception")?, parse_words(&self.reason, "the reason")?);
        if of.policies.exception_of(of.kind, &of.credential).is_some() {
            let detail = format!("there is an exception for this {} already: end it first", of.kind.singular());
            return Err(Refusal::new(Reason::Conflict, detail));
        }
        if !(now_seconds + 1..=now_seconds + AHEAD_MAX_SECONDS).contains(&self.ends_at) {
            return Err(Refusal::invalid(format!("an exception ends at most {} days from now", AHEAD_MAX_SECONDS / 86_400)));
        }
        if self.ends_at <= of.ends_by_policy {
            return Err(Refusal::invalid("this end lies within what the policy allows: no exception is needed for it"));
        }
        Ok(PolicyException {
            id: ExceptionId(draw_name("exception_", moment)),
            kind: of.kind,
            credential: of.credential.clone(),
            owner,
            reason,
            ends_at: self.ends_at,
            created_at: now_seconds,
            created_by: actor.clone(),
        })
    }
}

/// Puts an exception, and tells of it.
pub(crate) fn put(commit: Commit, exception: &PolicyException, actor: &Actor) -> Commit {
    commit.put(&TABLE, exception.row()).tell(Event::PolicyExceptionCreated {
        actor: actor.clone(),
        credential: exception.credential.clone(),
        ends_at_seconds: exception.ends_at,
        exception: exception.id.clone(),
        kind: exception.kind.lifetime().policy_key.into(),
        owner: exception.owner.clone(),
        reason: exception.reason.clone(),
    })
}
