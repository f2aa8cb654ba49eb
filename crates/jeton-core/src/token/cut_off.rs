//! Cut-offs: everything of a subject that was issued before a time, dead in one row.

use std::sync::Arc;

use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::{Moment, Time};
use crate::policy::{ACCESS_TOKEN, KEPT_AFTER_EXPIRY_SECONDS};
use crate::token::negative::{Negative, Says, TABLE};

/// Adds a cut-off to a commit: tokens of the subject with `iat` before `before` are dead. A whole second, since `iat` is one: tokens
/// issued later under it take at least that `iat`.
#[must_use]
pub fn cut_off(commit: Commit, subject: CutOffSubject, name: Arc<str>, before: Time, actor: &Actor, moment: &mut Moment) -> Commit {
    let before_seconds = before.seconds();
    let until_seconds = before_seconds.max(moment.now.seconds()) + ACCESS_TOKEN.max_seconds + KEPT_AFTER_EXPIRY_SECONDS;
    let negative = Negative::new(Says::CutOff(subject, name.clone(), before_seconds), until_seconds, moment);
    commit.put(&TABLE, negative.row()).tell(Event::CutOff { actor: actor.clone(), subject, name, before_seconds, until_seconds })
}
