//! Suspending all that is a subject's, and resuming it. One row says it, however much there is; and it is said until somebody says
//! otherwise, since neither may lapse: an old suspension must not end by itself, nor an old resumption before it.

use std::sync::Arc;

use super::negative::{self, Negative, Says};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::refusal::{Reason, Refusal};
use crate::why::Speaker;

/// The last second of the year 9999: such rows never leave.
pub const FOR_EVER_SECONDS: i64 = 253_402_300_799;

/// Refuses everything of a subject, and gives it nothing new, until it is resumed.
pub fn suspend_subject<'a>(
    subject: CutOffSubject,
    name: Arc<str>,
    is_suspended: bool,
    by: impl Into<Speaker<'a>>,
    moment: &mut Moment,
) -> Outcome<()> {
    let (commit, by) = (Commit::new(moment), by.into());
    if is_suspended {
        return Outcome::grant((), commit);
    }
    let row = Negative::new(Says::SubjectSuspended(subject, name.clone()), FOR_EVER_SECONDS, moment).row();
    let event = Event::SubjectSuspended { actor: by.actor.clone(), name, subject, until_seconds: FOR_EVER_SECONDS, why: by.told() };
    Outcome::grant((), commit.put(&negative::TABLE, row).tell(event))
}

/// Accepts again what is a suspended subject's, and was not ended meanwhile.
pub fn resume_subject(subject: CutOffSubject, name: Arc<str>, is_suspended: bool, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    if !is_suspended {
        return Outcome::grant((), commit);
    }
    let row = Negative::new(Says::SubjectResumed(subject, name.clone()), FOR_EVER_SECONDS, moment).row();
    let event = Event::SubjectResumed { actor: actor.clone(), name, subject, until_seconds: FOR_EVER_SECONDS };
    Outcome::grant((), commit.put(&negative::TABLE, row).tell(event))
}

/// A suspended subject gets nothing new.
///
/// # Errors
/// `UnauthorizedClient` or `InvalidTarget`, with which of the two is suspended.
pub fn check_may_get(is_client_suspended: bool, is_api_suspended: bool) -> Result<(), Refusal> {
    if is_client_suspended {
        return Err(Refusal::new(Reason::UnauthorizedClient, "this client is suspended: nothing is issued to it until it is resumed"));
    }
    if is_api_suspended {
        return Err(Refusal::new(Reason::InvalidTarget, "this resource is suspended: nothing is issued for it until it is resumed"));
    }
    Ok(())
}
