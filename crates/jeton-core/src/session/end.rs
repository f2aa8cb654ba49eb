//! Signing out: the session is gone, and so are the grants that go with it.

use super::{Session, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::grant::Grant;
use crate::grant::end::{ended as grant_ended, is_there};
use crate::grant::scopes::IdentityScope;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::token::cut_off::{beyond_all_issued, cut_off};
use crate::why::{Because, Speaker, Why};

/// Ends a session, and of `grants` those that were given in it and do not outlive it. `latest_seconds` is the latest cut-off over any of
/// their tokens. How many grants ended.
pub fn end<'a>(
    session: &Session,
    grants: &[Grant],
    latest_seconds: i64,
    speaker: impl Into<Speaker<'a>>,
    moment: &mut Moment,
) -> Outcome<usize> {
    let speaker = speaker.into();
    let by = speaker.actor;
    let why = Because::Reason(Why::SignedOut);
    let event = Event::SessionEnded { actor: by.clone(), session: session.id, user: session.person.clone() };
    let commit = Commit::new(moment).delete(&TABLE, vec![Value::Id(session.id.0)]).tell(event);
    let before = beyond_all_issued(moment.now, latest_seconds);
    let mut commit = cut_off(commit, CutOffSubject::Session, session.id.to_string().into(), before, speaker, moment);
    let with_it =
        |grant: &&Grant| grant.session == Some(session.id) && !grant.identity.has(IdentityScope::OfflineAccess) && is_there(grant);
    let mut count = 0;
    for grant in grants.iter().filter(with_it) {
        let event = Event::GrantEnded {
            actor: by.clone(),
            client: grant.client.clone(),
            grant: grant.id,
            user: grant.person.clone(),
            why: Some(why.as_str().into()),
        };
        commit = grant_ended(commit.tell(event), grant, latest_seconds, by, &why, moment);
        count += 1;
    }
    Outcome::grant(count, commit)
}
