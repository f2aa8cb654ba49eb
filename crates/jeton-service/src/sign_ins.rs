//! How sign-ins went, counted since the start.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a sign-in went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Somebody is signed in.
    SignedIn,
    /// What they sent is not right.
    Refused,
    /// They tried too often, and nothing of what they sent was looked at.
    Throttled,
    /// Too many sign in at once.
    Busy,
    /// Their password is from before a gap that nobody accepted.
    Fenced,
}

impl SignIn {
    /// Each of them.
    pub const ALL: [SignIn; 5] = [SignIn::SignedIn, SignIn::Refused, SignIn::Throttled, SignIn::Busy, SignIn::Fenced];

    /// Its name, in labels and in the access log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SignIn::SignedIn => "signed_in",
            SignIn::Refused => "refused",
            SignIn::Throttled => "throttled",
            SignIn::Busy => "busy",
            SignIn::Fenced => "fenced",
        }
    }
}

/// How many of each.
#[derive(Default)]
pub(crate) struct SignIns([AtomicU64; SignIn::ALL.len()]);

impl SignIns {
    /// Counts one.
    pub(crate) fn count(&self, how: SignIn) {
        let place = SignIn::ALL.iter().position(|known| *known == how);
        if let Some(count) = place.and_then(|place| self.0.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many of each.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (SignIn, u64)> {
        SignIn::ALL.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}
