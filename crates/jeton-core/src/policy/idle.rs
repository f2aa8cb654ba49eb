//! What becomes of credentials that nobody uses: suspended after their idle time, and revoked after as long again.

/// What a level says of credentials that nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleRule {
    /// Nothing becomes of them.
    Never,
    /// They are suspended after so many seconds.
    After(i64),
}

/// The least idle time that a policy may set, in seconds: uses are known to the minute, and people are away for a night.
pub const LEAST_SECONDS: i64 = 86_400;

/// To how many seconds a last use is known: where many credentials wait for theirs to be written down, one within so long of the last that is
/// written is not.
pub const USES_KNOWN_TO_SECONDS: i64 = 3_600;

impl IdleRule {
    /// The rule that a number of seconds stands for, in requests and rows: 0 is never.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> IdleRule {
        if seconds == 0 { IdleRule::Never } else { IdleRule::After(seconds) }
    }

    /// The number that stands for it.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.after().unwrap_or(0)
    }

    /// After how many seconds they are suspended; `None`: never.
    #[must_use]
    pub fn after(self) -> Option<i64> {
        match self {
            IdleRule::Never => None,
            IdleRule::After(seconds) => Some(seconds),
        }
    }
}

/// What is known of the use of a credential, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// When it was last used and not refused, in seconds, where it may have been used once more within [`USES_KNOWN_TO_SECONDS`]; `None`: never,
    /// as far as anybody counted.
    pub last_at: Option<i64>,
    /// From when on it says something that nobody used it, in seconds: since then uses are counted without a gap, and what it belongs to was
    /// not suspended. `i64::MAX` while that is not so: then it is not idle.
    pub counted_since: i64,
}

impl Used {
    /// Until when it may have been used, in seconds.
    pub(crate) fn until(self) -> i64 {
        self.last_at.map_or(i64::MIN, |at| at.saturating_add(USES_KNOWN_TO_SECONDS))
    }

    /// Of what nobody can say anything: it is not idle.
    pub const UNKNOWN: Used = Used { last_at: None, counted_since: i64::MAX };
}

/// What follows from nobody using a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Nothing yet.
    No,
    /// It is suspended.
    Suspended,
    /// It is revoked.
    Revoked,
}
