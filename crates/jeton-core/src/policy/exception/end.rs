//! Ending an exception early: the maximum holds again.

use super::{PolicyException, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;

/// Ends an exception at once.
pub fn end(exception: &PolicyException, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event =
        Event::PolicyExceptionEnded { actor: actor.clone(), credential: exception.credential.clone(), exception: exception.id.clone() };
    Outcome::grant((), Commit::new(moment).delete(&TABLE, vec![Value::Text(exception.id.0.clone())]).tell(event))
}
