//! Ending an exception, early or when it is over: the maximum holds again.

use std::sync::Arc;

use super::{PolicyException, TABLE};
use crate::client::secret::{self, ClientSecret};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::notice::{self, Ending};
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::rule::Subject;
use crate::record::Value;

/// Ends an exception at once. The end that the client's secret is left with, where it is there still, is written into it: whatever a policy
/// says later, it does not come back.
pub fn end(
    exception: &PolicyException,
    secret: Option<&ClientSecret>,
    policies: &Policies,
    actor: &Actor,
    moment: &mut Moment,
) -> Outcome<()> {
    let mut commit = take_away(Commit::new(moment), exception, actor);
    if let Some(secret) = secret {
        let max_seconds = policies.effective(exception.kind, &Subject::Client(secret.client.clone())).max_seconds;
        let limit = exception.ends_at.min(secret.created_at.saturating_add(max_seconds));
        let left_with = ClientSecret { expires_at: secret.expires_at.min(limit), ..secret.clone() };
        commit = commit.put(&secret::TABLE, left_with.row());
    }
    Outcome::grant((), commit)
}

/// Takes an exception away, with what was told of its end, and tells of it.
pub(crate) fn take_away(commit: Commit, exception: &PolicyException, actor: &Actor) -> Commit {
    let commit = commit.delete(&TABLE, vec![Value::Text(exception.id.0.clone())]);
    let commit = commit.delete(&notice::TABLE, notice::key(Ending::PolicyException, &Arc::clone(&exception.id.0)));
    commit.tell(Event::PolicyExceptionEnded {
        actor: actor.clone(),
        credential: exception.credential.clone(),
        exception: exception.id.clone(),
    })
}
