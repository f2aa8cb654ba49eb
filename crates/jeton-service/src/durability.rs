//! What takes authority away is answered only once it is where a lost disk cannot take it back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Weak;
use std::sync::atomic::AtomicU64;

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;

/// Who keeps the ledger elsewhere.
pub trait Durability: Send + Sync + 'static {
    /// Waits until the entry of this sequence is there; `false`: it was not in time.
    fn reached(&self, sequence: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;

    /// Waits until it is known there that this server runs, and that the end it knew is none; `false`: it was not in time.
    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

/// What a commit takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// Authority.
    Authority,
    /// Somebody who is to be forgotten: no backup may bring them back.
    Somebody,
}

impl Takes {
    pub(crate) fn of(commit: &Commit) -> Takes {
        match commit.events.iter().any(|event| matches!(event, Event::UserErased { .. })) {
            true => Takes::Somebody,
            false if commit.is_narrowing() => Takes::Authority,
            false => Takes::Nothing,
        }
    }
}

/// Who keeps the ledger elsewhere, and what waits for it.
pub(crate) struct Kept {
    /// They hold the service; held by it in turn, neither would end, nor the store with them.
    pub(crate) durability: Weak<dyn Durability>,
    pub(crate) is_sync: bool,
    /// Until before which sequence something may be done here that nobody was told is done; 0: there is none.
    pub(crate) untold: AtomicU64,
}

impl Kept {
    pub(crate) async fn is_there(&self, takes: Takes, last: Sequence) -> bool {
        let Some(durability) = self.durability.upgrade() else { return false };
        if self.is_sync || takes == Takes::Somebody { durability.reached(last).await } else { durability.knows_of_start().await }
    }
}
