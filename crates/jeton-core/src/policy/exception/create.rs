//! Making an exception for a client's secret.

use super::{AHEAD_MAX_SECONDS, PolicyException, TABLE};
use crate::client::secret::{self, ClientSecret};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::{Actor, ExceptionId, draw_name};
use crate::moment::Moment;
use crate::name::parse_words;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::refusal::{Reason, Refusal};

/// What is asked for: all of it is needed.
#[derive(Clone, Debug, Default)]
pub struct CreateException {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When the credential ends, in seconds.
    pub ends_at: i64,
}

/// Lets a live secret live beyond the maximum, until the exception ends.
pub fn create(
    secret: &ClientSecret,
    request: &CreateException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<PolicyException> {
    let commit = Commit::new(moment);
    let exception = match parse(secret, request, policies, actor, moment) {
        Ok(exception) => exception,
        Err(refusal) => return Outcome::refuse(refusal, commit),
    };
    let extended = ClientSecret { expires_at: exception.ends_at, ..secret.clone() };
    let commit = commit.put(&TABLE, exception.row()).put(&secret::TABLE, extended.row()).tell(Event::PolicyExceptionCreated {
        actor: actor.clone(),
        credential: exception.credential.clone(),
        ends_at_seconds: exception.ends_at,
        exception: exception.id.clone(),
        kind: exception.kind.lifetime().policy_key.into(),
        owner: exception.owner.clone(),
        reason: exception.reason.clone(),
    });
    Outcome::grant(exception, commit)
}

fn parse(
    secret: &ClientSecret,
    request: &CreateException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Result<PolicyException, Refusal> {
    let now_seconds = moment.now.seconds();
    let (owner, reason) = (parse_words(&request.owner, "the owner of an exception")?, parse_words(&request.reason, "the reason")?);
    if secret.expires_at <= now_seconds {
        return Err(Refusal::new(Reason::Conflict, "this secret was ended, or has come to the end it was made with: make another one"));
    }
    if policies.exception_of(CredentialKind::ClientSecret, secret.id.as_str()).is_some() {
        return Err(Refusal::new(Reason::Conflict, "there is an exception for this secret already: end it first"));
    }
    if !(now_seconds + 1..=now_seconds + AHEAD_MAX_SECONDS).contains(&request.ends_at) {
        return Err(Refusal::invalid(format!("an exception ends at most {} days from now", AHEAD_MAX_SECONDS / 86_400)));
    }
    let max_seconds = policies.effective(CredentialKind::ClientSecret, &Subject::Client(secret.client.clone())).max_seconds;
    if request.ends_at <= secret.created_at.saturating_add(max_seconds) {
        return Err(Refusal::invalid("this end lies within what the policy allows: no exception is needed for it"));
    }
    Ok(PolicyException {
        id: ExceptionId(draw_name("exception_", moment)),
        kind: CredentialKind::ClientSecret,
        credential: secret.id.0.clone(),
        owner,
        reason,
        ends_at: request.ends_at,
        created_at: now_seconds,
        created_by: actor.clone(),
    })
}
