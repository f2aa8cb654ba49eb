//! What takes authority away is answered only once it is where a lost disk cannot take it back.

use std::future::Future;
use std::pin::Pin;

use jeton_core::commit::Sequence;

/// Who keeps the ledger elsewhere.
pub trait Durability: Send + Sync + 'static {
    /// Waits until the entry of this sequence is there; `false`: it was not in time.
    fn reached(&self, sequence: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}
