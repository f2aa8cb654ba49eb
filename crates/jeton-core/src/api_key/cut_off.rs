//! Writing down at keys that a cut-off ended them: so that lists say why, and by whom. It takes nothing from anybody.

use super::state::{Ended, State};
use super::{ApiKey, TABLE};
use crate::commit::Commit;
use crate::event::Event;
use crate::id::Actor;
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::record::Versioned;
use crate::why::Why;

/// Writes it down at keys that were cut off by `actor`; those that somebody revoked stay as they are. Verifiers are told nothing: the cut-off
/// told them.
pub fn note_cut_off<'a>(keys: impl Iterator<Item = &'a Versioned<ApiKey>>, actor: &Actor, moment: &mut Moment) -> Outcome<()> {
    let mut commit = Commit::new(moment);
    for Versioned { version, record } in keys {
        if matches!(record.state, State::Revoked(_)) {
            continue;
        }
        let now_seconds = moment.now.seconds();
        let state = State::Revoked(Ended { at: now_seconds, by: actor.clone(), why: Why::CutOff.into() });
        let after = ApiKey { state, repeat: None, updated_at: now_seconds, ..record.clone() };
        let event = Event::ApiKeyCutOff { actor: actor.clone(), api: after.api.clone(), key: after.id, previous: *version };
        commit = commit.put(&TABLE, after.row()).tell(event);
    }
    Outcome::grant((), commit)
}
