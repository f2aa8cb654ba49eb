//! What takes authority away is answered only once it is where a lost disk cannot take it back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jeton_core::commit::{Commit, Sequence};
use jeton_core::event::Event;

/// What is known to be kept elsewhere by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeps {
    /// Not even that this server runs.
    Nothing,
    /// That it runs, and that the end it knew is none; not what is committed now.
    TheStart,
    /// Everything, as far as is known: what is committed now will be there in a moment.
    Everything,
}

/// Who keeps the ledger elsewhere.
pub trait Durability: Send + Sync + 'static {
    /// Waits until the entry of this sequence is there; `false`: it was not in time.
    fn reached(&self, sequence: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;

    /// Waits until it is known there that this server runs, and that the end it knew is none; `false`: it was not in time.
    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;

    /// What is there, as far as is known: waits for nothing.
    fn keeps(&self) -> Keeps;
}

/// What a commit takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// Uses: of a key that is good for so many, of a refresh token that is good for one.
    Uses,
    /// Authority, whatever it gives beside it: a secret that takes the place of another, an owner that of another.
    Authority,
    /// Somebody who is to be forgotten: no backup may bring them back.
    Somebody,
}

impl Takes {
    pub(crate) fn of(commit: &Commit) -> Takes {
        let of = |event: &Event| match event {
            Event::UserErased { .. } => Takes::Somebody,
            Event::ApiKeyUsesLeased { .. } => Takes::Uses,
            event if event.takes() => Takes::Authority,
            _ => Takes::Nothing,
        };
        let spent = if commit.spends { Takes::Uses } else { Takes::Nothing };
        commit.events.iter().map(of).max().unwrap_or(Takes::Nothing).max(spent)
    }
}

/// Who keeps the ledger elsewhere, and what waits for it.
pub(crate) struct Kept {
    /// They hold the service; held by it in turn, neither would end, nor the store with them.
    pub(crate) durability: Weak<dyn Durability>,
    pub(crate) is_sync: bool,
    /// Until before which sequence something may be done here that nobody was told is done; 0: there is none.
    pub(crate) untold: AtomicU64,
    /// Whether it was known there once that this server runs: it stays so.
    pub(crate) is_known_there: AtomicBool,
}

impl Kept {
    pub(crate) async fn is_there(&self, takes: Takes, last: Sequence) -> bool {
        match takes {
            _ if self.is_sync || takes == Takes::Somebody => match self.durability.upgrade() {
                Some(durability) => durability.reached(last).await,
                None => false,
            },
            Takes::Nothing => true,
            // Whoever checks a key does not wait for a target that is away, once it has heard of the start.
            Takes::Uses | Takes::Authority | Takes::Somebody => self.is_known_there() || self.becomes_known_there().await,
        }
    }

    /// Whether what takes authority away now will be there in a moment, as far as it is asked for: waits for nothing.
    pub(crate) fn is_kept_now(&self) -> bool {
        let needed = if self.is_sync { Keeps::Everything } else { Keeps::TheStart };
        (!self.is_sync && self.is_known_there()) || self.durability.upgrade().is_some_and(|durability| durability.keeps() >= needed)
    }

    pub(crate) fn is_known_there(&self) -> bool {
        self.is_known_there.load(Ordering::Relaxed)
    }

    /// It may be done here, and nobody was told that it is.
    pub(crate) fn note_untold(&self, last: Sequence) {
        self.untold.fetch_max(last.saturating_add(1), Ordering::Relaxed);
    }

    async fn becomes_known_there(&self) -> bool {
        let Some(durability) = self.durability.upgrade() else { return false };
        let knows = durability.knows_of_start().await;
        self.is_known_there.fetch_or(knows, Ordering::Relaxed);
        knows
    }
}
