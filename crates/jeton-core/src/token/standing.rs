//! How a token stands.

/// How a token stands at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Accepted.
    Active,
    /// Refused until resumed, or until its time comes.
    Suspended,
    /// Over by its own time: it needs no other reason.
    Expired,
    /// Ended before its time: revoked, beyond a cut-off, or its client or API is gone.
    Revoked,
}

impl Standing {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Standing::Active => "active",
            Standing::Suspended => "suspended",
            Standing::Expired => "expired",
            Standing::Revoked => "revoked",
        }
    }

    /// Whether a revocation now ends anything.
    #[must_use]
    pub fn can_fall(self) -> bool {
        matches!(self, Standing::Active | Standing::Suspended)
    }
}
