//! Handing out uses of a limited key, several at a time: fewer commits than uses, and never a use too many.

use super::ApiKey;
use super::uses::{TABLE, Uses};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;

/// The part of what is left that is handed out at a time. What a process holds when it dies is lost.
const PART: i64 = 16;

/// Hands out uses, once its commit is durable: at least one while any is left, none after. A key without a limit needs no lease: it has
/// nothing to hand out.
pub fn lease(key: &ApiKey, uses: Option<&Uses>, actor: &Actor, moment: &mut Moment) -> Outcome<i64> {
    let commit = Commit::new(moment);
    let leased = uses.map_or(0, |uses| uses.leased);
    let left = key.max_uses.unwrap_or(0).saturating_sub(leased).max(0);
    if left == 0 {
        return Outcome::grant(0, commit);
    }
    let granted = (left / PART).max(1);
    let uses = Uses { key: key.id, leased: leased + granted };
    let event = Event::ApiKeyUsesLeased { actor: actor.clone(), key: key.id, leased: uses.leased };
    Outcome::grant(granted, commit.put(&TABLE, uses.row()).tell(event))
}
