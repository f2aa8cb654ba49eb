//! Removing an API: its tokens die with it.

use super::{Api, TABLE};
use crate::commit::Commit;
use crate::event::{CutOffSubject, Event};
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;
use crate::token::cut_off::cut_off;

/// Removes an API and cuts off its tokens.
pub fn delete(api: &Api, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::ApiDeleted { actor: actor.clone(), api: api.id.clone() };
    let commit = Commit::new(moment).delete(&TABLE, vec![Value::Text(api.id.0.clone())]).tell(event);
    Outcome::grant((), cut_off(commit, CutOffSubject::Api, api.audience.clone(), moment.now.next_second(), actor, moment))
}
