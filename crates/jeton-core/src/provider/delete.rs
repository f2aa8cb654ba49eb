//! Ending what was agreed with a provider.

use super::{Provider, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Value;

/// Removes a provider: nobody signs in by it any more. Sessions that began by it go on, and whoever was known by it alone needs another way
/// in. What it called them stays and means nobody, since an id is never used again.
pub fn delete(provider: &Provider, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let event = Event::ProviderDeleted { actor: actor.clone(), provider: provider.id.clone() };
    Outcome::grant((), Commit::new(moment).delete(&TABLE, vec![Value::Text(provider.id.0.clone())]).tell(event))
}
