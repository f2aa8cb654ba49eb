//! What is known of letters while a process runs: whether any are sent, who asked for one, and how they went since the start.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::forgotten_names::ForgottenNames;

/// How a letter went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It was taken.
    Sent,
    /// It was not, and is tried again.
    PutOff,
    /// It was not, and is not tried any more.
    GivenUp,
}

impl Carried {
    /// Each of them.
    pub const ALL: [Carried; 3] = [Carried::Sent, Carried::PutOff, Carried::GivenUp];

    /// Its name, in labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Carried::Sent => "sent",
            Carried::PutOff => "put_off",
            Carried::GivenUp => "given_up",
        }
    }
}

/// What is known of letters.
#[derive(Default)]
pub(crate) struct Letters {
    /// Whether links are sent, and not told to whoever asks for them.
    pub(crate) are_sent: AtomicBool,
    /// Whether letters are shown to whoever runs the server, where they are not sent.
    pub(crate) are_shown: AtomicBool,
    pub(crate) forgotten: ForgottenNames,
    went: [AtomicU64; Carried::ALL.len()],
    /// Of each round.
    waiting: [AtomicU64; 2],
}

impl Letters {
    /// Counts one.
    pub(crate) fn count(&self, how: Carried) {
        let place = Carried::ALL.iter().position(|known| *known == how);
        if let Some(count) = place.and_then(|place| self.went.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many of a round wait.
    pub(crate) fn wait(&self, round: usize, waiting: usize) {
        if let Some(count) = self.waiting.get(round) {
            count.store(waiting as u64, Ordering::Relaxed);
        }
    }

    /// How many of each.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Carried, u64)> {
        Carried::ALL.into_iter().zip(self.went.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}
