//! Tells a target that its server goes on with another: what it says of the end holds no longer then.

use std::sync::Arc;

use jeton_store::store::Store;
use jeton_store::table::Schema;

use crate::failure::Failure;
use crate::open::Opening;
use crate::owner::check_past;
use crate::seal::Sealing;
use crate::tail::Shipper;
use crate::target::Target;
use crate::unshipped::Unshipped;

/// Puts a last segment that does not vouch for the end, where all that is there is of the store's past.
///
/// # Errors
/// [`Failure`]; [`Failure::Parted`] where the target has more of the ledger than the store, or something else.
pub async fn leave(
    store: Arc<dyn Store>,
    schema: &'static Schema,
    target: &Target,
    sealing: Sealing,
    opening: &Opening,
) -> Result<(), Failure> {
    check_past(store.clone(), target, opening).await?;
    let (newest, unshipped) = (store.head().size, Arc::new(Unshipped::default()));
    Shipper::begin_after(newest, store, schema, target.clone(), (sealing, Some(opening)), unshipped, false).await?;
    Ok(())
}
