//! Making an exception for a client's secret.

use super::PolicyException;
pub use super::request::CreateException;
use super::request::{Excepted, put};
use crate::client::secret::{self, ClientSecret};
use crate::commit::Commit;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::CredentialKind;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::refusal::{Reason, Refusal};

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
    let commit = put(commit, &exception, actor).put(&secret::TABLE, extended.row());
    Outcome::grant(exception, commit)
}

fn parse(
    secret: &ClientSecret,
    request: &CreateException,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Result<PolicyException, Refusal> {
    if secret.expires_at <= moment.now.seconds() {
        return Err(Refusal::new(Reason::Conflict, "this secret was ended, or has come to the end it was made with: make another one"));
    }
    let kind = CredentialKind::ClientSecret;
    let max_seconds = policies.effective(kind, &Subject::Client(secret.client.clone())).max_seconds;
    let ends_by_policy = secret.created_at.saturating_add(max_seconds);
    request.parse(&Excepted { kind, credential: secret.id.0.clone(), ends_by_policy, policies }, actor, moment)
}
