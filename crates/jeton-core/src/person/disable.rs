//! Disabling a person: everything of theirs is dead at once, and nothing is issued to them.

use super::{Person, State, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::token::cut_off::{beyond_all_issued, cut_off};
use crate::why::Speaker;

/// Disables a person and cuts off everything of theirs; `latest_cut_off_seconds` is the latest cut-off over any of it. One who is disabled
/// already stays as they are.
pub fn disable<'a>(person: &Person, latest_cut_off_seconds: i64, by: impl Into<Speaker<'a>>, moment: &mut Moment) -> Outcome<Person> {
    let (commit, by) = (Commit::new(moment), by.into());
    if !person.is_active() {
        return Outcome::grant(person.clone(), commit);
    }
    let seconds = moment.now.seconds();
    let state = State::Disabled { at: seconds, by: by.actor.clone() };
    let disabled = Person { state, updated_at: seconds, ..person.clone() };
    let event = Event::UserDisabled { actor: by.actor.clone(), user: person.id.clone(), why: by.told() };
    let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
    let commit = commit.put(&TABLE, disabled.row()).tell(event);
    Outcome::grant(disabled, cut_off(commit, CutOffSubject::User, person.id.0.clone(), before, by, moment))
}
