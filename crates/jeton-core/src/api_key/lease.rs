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

/// How many uses are handed out at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// A part of what is left.
    Block,
    /// One: where nothing can be kept of a block.
    One,
}

/// Hands out uses, once its commit is durable: at least one while any is left, none after. A key without a limit needs no lease: it has
/// nothing to hand out.
pub fn lease(key: &ApiKey, uses: Option<&Uses>, share: Share, actor: &Actor, moment: &mut Moment) -> Outcome<i64> {
    let commit = Commit::new(moment);
    let leased = uses.map_or(0, |uses| uses.leased);
    let left = key.max_uses.unwrap_or(0).saturating_sub(leased).max(0);
    if left == 0 {
        return Outcome::grant(0, commit);
    }
    let granted = match share {
        Share::Block => (left / PART).max(1),
        Share::One => 1,
    };
    Outcome::grant(granted, handed_out(commit, Uses { key: key.id, leased: leased + granted }, actor))
}

/// Takes back what nobody used of blocks that were handed out, each so many uses: in one commit. Nobody may hold them any more.
pub fn take_back(unused: &[(Uses, i64)], actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let commit = Commit::new(moment);
    let fewer = |(uses, unused): &(Uses, i64)| Uses { key: uses.key, leased: uses.leased.saturating_sub((*unused).max(0)).max(0) };
    Outcome::grant((), unused.iter().map(fewer).fold(commit, |commit, uses| handed_out(commit, uses, actor)))
}

fn handed_out(commit: Commit, uses: Uses, actor: &Actor) -> Commit {
    let event = Event::ApiKeyUsesLeased { actor: actor.clone(), key: uses.key, leased: uses.leased };
    commit.put(&TABLE, uses.row()).tell(event)
}
