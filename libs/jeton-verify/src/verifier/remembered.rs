//! What the server said about opaque tokens.

use std::time::Duration;

use crate::clock::Reading;
use crate::token::VerifiedToken;

/// The longest time that an answer counts.
const COUNTS_FOR: Duration = Duration::from_secs(60);

/// An answer, and when it was asked for.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) token: VerifiedToken,
    pub(crate) asked: Reading,
    /// How many changes had been heard then.
    pub(crate) changes_heard: u64,
}

impl Remembered {
    /// Whether the answer is young enough and the token has not expired.
    pub(crate) fn counts(&self, now: &Reading) -> bool {
        now.since(&self.asked) <= COUNTS_FOR && now.seconds() < self.token.expires_at_seconds()
    }
}
