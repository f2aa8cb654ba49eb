//! Cut-offs: everything of a subject that was issued before a time, dead in one row.
//!
//! A token is dead if and only if its `iat` lies before the cut-off, and `iat` is a whole second: two cut-offs of one second with an issue
//! between them need a second more. So that time never runs away, a token is dated at most one second ahead, and waits where that is not
//! enough (`docs/decisions/0005-one-second-ahead-at-most.md`).

use std::sync::Arc;

use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::moment::{Moment, Time};
use crate::policy::exception::AHEAD_MAX_SECONDS;
use crate::policy::{ACCESS_TOKEN, KEPT_AFTER_EXPIRY_SECONDS};
use crate::refusal::Refusal;
use crate::token::negative::{Negative, Says, TABLE};
use crate::why::Speaker;

/// How far ahead of the time of its issue a token is dated at most, in seconds.
pub const DATED_AHEAD_SECONDS: i64 = 1;

/// The first whole second that no token of a subject carries which was issued until now. `latest_seconds` is the latest cut-off over any of
/// its tokens: under one that lies ahead, and only there, tokens are dated ahead.
#[must_use]
pub fn beyond_all_issued(now: Time, latest_seconds: i64) -> Time {
    let ahead = if latest_seconds > now.seconds() { DATED_AHEAD_SECONDS } else { 0 };
    now.next_second().plus_seconds(ahead)
}

/// From where on tokens live that a cut-off before this time leaves; `None` means everything issued until now.
///
/// # Errors
/// `InvalidRequest` when the time lies ahead.
pub fn lives_from(before: Option<Time>, now: Time, latest_seconds: i64) -> Result<Time, Refusal> {
    let next = now.next_second();
    // Tokens carry whole seconds: one of the second that the time lies in may have been issued before it.
    match before.map(Time::up_to_second) {
        Some(before) if before < next => Ok(before),
        Some(before) if before > next => {
            Err(Refusal::invalid("a cut-off lies in the past or is `now`: what is not issued yet cannot be revoked"))
        }
        _ => Ok(beyond_all_issued(now, latest_seconds)),
    }
}

/// From when on a token may be issued that carries at least this `iat`.
#[must_use]
pub fn issuable_from(not_before_seconds: i64) -> Time {
    Time::from_seconds(not_before_seconds.saturating_sub(DATED_AHEAD_SECONDS))
}

/// Adds a cut-off to a commit: tokens of the subject with `iat` before `before`, a whole second, are dead. Tokens issued later under it
/// take at least that `iat`.
#[must_use]
pub fn cut_off<'a>(
    commit: Commit,
    subject: CutOffSubject,
    name: Arc<str>,
    before: Time,
    by: impl Into<Speaker<'a>>,
    moment: &mut Moment,
) -> Commit {
    let by = by.into();
    let before_seconds = before.seconds();
    let longest_seconds = match subject {
        // A key of theirs that lives under an exception must not outlive it.
        CutOffSubject::User | CutOffSubject::Group | CutOffSubject::Client | CutOffSubject::Api | CutOffSubject::Everything => {
            AHEAD_MAX_SECONDS
        }
        CutOffSubject::Session | CutOffSubject::Family | CutOffSubject::Key => ACCESS_TOKEN.max_seconds,
    };
    let until_seconds = before_seconds.max(moment.now.seconds()) + longest_seconds + KEPT_AFTER_EXPIRY_SECONDS;
    let negative = Negative::new(Says::CutOff(subject, name.clone(), before_seconds), until_seconds, moment);
    commit.put(&TABLE, negative.row()).tell(Event::CutOff {
        actor: by.actor.clone(),
        before_seconds,
        name,
        subject,
        until_seconds,
        why: by.told(),
    })
}
