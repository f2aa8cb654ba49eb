//! Ending a grant: its refresh tokens are refused, and so are the access tokens that came of it.

use super::of_person::{self, GrantOfPerson};
use super::{Grant, TABLE};
use crate::api_key::state::{Ended, State};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::token::cut_off::{beyond_all_issued, cut_off};
use crate::why::{Because, Why};

/// Ends a grant; `latest_seconds` is the latest cut-off over any of its tokens. Whether it was there to be ended.
pub fn end(grant: &Grant, latest_seconds: i64, by: &Actor, why: &Because, moment: &mut Moment) -> Outcome<bool> {
    let commit = Commit::new(moment);
    if !is_there(grant) {
        return Outcome::grant(false, commit);
    }
    let event = Event::GrantEnded {
        actor: by.clone(),
        client: grant.client.clone(),
        grant: grant.id,
        user: grant.person.clone(),
        why: Some(why.as_str().into()).filter(|_| *why != Because::Reason(Why::Unspecified)),
    };
    Outcome::grant(true, ended(commit.tell(event), grant, latest_seconds, by, why, moment))
}

/// Whether nobody ended it.
#[must_use]
pub fn is_there(grant: &Grant) -> bool {
    grant.state == State::Active
}

/// Adds the end of a grant to a commit that tells of it.
pub(crate) fn ended(commit: Commit, grant: &Grant, latest_seconds: i64, by: &Actor, why: &Because, moment: &mut Moment) -> Commit {
    let state = State::Revoked(Ended { at: moment.now.seconds(), by: by.clone(), why: why.clone() });
    let row = Grant { state, ..grant.clone() }.row();
    let commit = commit.put(&TABLE, row).delete(&of_person::TABLE, GrantOfPerson::of(grant).key());
    let before = beyond_all_issued(moment.now, latest_seconds);
    cut_off(commit, CutOffSubject::Family, grant.id.to_string().into(), before, (by, why), moment)
}
