//! A credential by its text, and what became of it.

use std::collections::BTreeMap;

/// What became of a credential, as far as the history knows without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody took it away by itself; what it belongs to may have fallen.
    Lives,
    /// Refused until somebody says otherwise.
    Waits,
    /// Refused for ever.
    Dead,
}

/// A credential.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The client that a token or secret is of; of a key, who it was made for.
    pub(crate) of: String,
    /// The id of a key or secret; nothing of a token.
    pub(crate) id: String,
    pub(crate) fate: Fate,
    /// How many entries the ledger had once it was dead.
    dead_at: u64,
}

impl Held {
    pub(crate) fn new(of: &str, id: &str) -> Held {
        Held { of: of.to_owned(), id: id.to_owned(), fate: Fate::Lives, dead_at: u64::MAX }
    }

    pub(crate) fn die(&mut self, size: u64) {
        if self.fate != Fate::Dead {
            (self.fate, self.dead_at) = (Fate::Dead, size);
        }
    }

    /// A deployment goes on that was made of a backup: it has so many entries of before, and so many now. What it does not know of is forgotten.
    pub(crate) fn carry_over(&mut self, known: u64, is_all_known: bool, size: u64) {
        if self.fate == Fate::Dead && (is_all_known || self.dead_at <= known) {
            self.dead_at = self.dead_at.min(size);
        } else if !is_all_known {
            self.forget();
        }
    }

    /// Nobody knows what became of it.
    pub(crate) fn forget(&mut self) {
        *self = Held::new(&self.of, &self.id);
    }

    /// Whether it is dead since the ledger had so many entries.
    pub(crate) fn died_at(&self, size: u64) -> bool {
        self.fate == Fate::Dead && self.dead_at == size
    }

    /// Whether whoever has so many entries of the ledger knows that it is dead.
    pub(crate) fn is_dead_within(&self, size: u64) -> bool {
        self.fate == Fate::Dead && self.dead_at <= size
    }
}

/// Credentials by their texts.
pub(crate) type AllHeld = BTreeMap<String, Held>;

/// Those of which this is said die.
pub(crate) fn end(all: &mut AllHeld, size: u64, which: impl Fn(&str, &Held) -> bool) {
    all.iter_mut().filter(|(text, held)| which(text, held)).for_each(|(_, held)| held.die(size));
}
