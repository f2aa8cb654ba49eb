//! Removing an API: its tokens die with it.

use super::{Api, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::token::cut_off::{beyond_all_issued, cut_off};

/// Removes an API and cuts off its tokens; `latest_cut_off_seconds` is the latest cut-off over any of them.
pub fn delete(api: &Api, latest_cut_off_seconds: i64, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::ApiDeleted { actor: actor.clone(), api: api.id.clone() };
    let commit = Commit::new(moment).delete(&TABLE, vec![Value::Text(api.id.0.clone())]).tell(event);
    let before = beyond_all_issued(moment.now, latest_cut_off_seconds);
    Outcome::grant((), cut_off(commit, CutOffSubject::Api, api.audience.clone(), before, actor, moment))
}
