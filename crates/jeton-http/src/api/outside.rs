//! All keys of an owner outside, whom Jeton knows by their keys alone: revoked, suspended or resumed.

use std::sync::Arc;
use std::time::Duration;

use jeton_core::administrator::{Administrator, Needed};
use jeton_core::moment::Time;
use jeton_core::owner::Owner;
use jeton_core::permission::Permission;
use jeton_core::why::Because;
use jeton_service::Service;
use jeton_service::keys::of_owner::KeysOfOwner;
use jeton_service::pasted::ByKind;
use jeton_service::revoke::TokenChange;

use super::administrator::must_have;
use super::before::Before;
use super::counting::count;
use super::problem::Problem;

/// How many keys a request changes: each is a commit of its own. For the others it is sent again.
const KEYS_MAX: usize = 500;

/// How long they are looked for.
const LOOKING: Duration = Duration::from_secs(8);

const TOO_MANY: &str = "list them: `jeton key list --owner OWNER`, and end each by its id";

const SO_FAR: &str = "what was changed before it stays so: `jeton key list --owner OWNER` shows how they stand";

/// What was changed, or would be.
pub(super) struct Changed {
    /// How many of each kind.
    pub(super) counted: ByKind,
    /// Whether there are more, for another request with the same `before`.
    pub(super) has_more: bool,
    /// The second before which they were made.
    pub(super) before: Time,
}

/// Changes them, or only counts them.
pub(super) async fn change(
    service: &Arc<Service>,
    by: &Administrator,
    (owner, before): (&str, Option<Before>),
    (change, why): (TokenChange, &Because),
    dry_run: bool,
) -> Result<Changed, Problem> {
    must_have(by, Needed::One(Permission::KeysRevoke))?;
    let (owner, moment) = (outside(owner)?, service.moments().now());
    let before = service.would_reach_until(before.and_then(Before::seconds).map(Time::from_seconds), &moment)?;
    let reader = service.clone();
    let look = |failure| Problem::from(failure).look("`jeton key list` shows the owners of keys");
    let found = count(LOOKING, move |goes_on| reader.keys_to_change((&owner, before), (change, KEYS_MAX), &moment, goes_on)).await;
    let KeysOfOwner { keys, counted, has_more } =
        found.map_err(look)?.ok_or_else(|| Problem::invalid("they are too many to look through at once", TOO_MANY))?;
    if dry_run {
        return Ok(Changed { counted, has_more: false, before });
    }
    let counted = service.change_keys(&keys, (change, why), by).await.map_err(|failure| Problem::from(failure).hinting(SO_FAR))?;
    Ok(Changed { counted, has_more, before })
}

/// Everybody else is a client, a person or a group, and ends as one.
fn outside(owner: &str) -> Result<Owner, Problem> {
    match Owner::parse(owner) {
        Ok(owner @ Owner::External(_)) => Ok(owner),
        Ok(_) => {
            Err(Problem::invalid("`owner` names somebody outside", "name a client, a person or a group as `client`, `user` or `group`"))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
