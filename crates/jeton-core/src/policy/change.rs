//! Changing what a level says: what is not named stays as the level says it.

use super::idle::IdleRule;
use super::rule::PolicyRule;
use super::set::SetPolicy;

/// What changes of what a level says: `None` stays, and of `Some(None)` the level says nothing from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangePolicy {
    /// How long one lives when nobody says, in seconds.
    pub default_seconds: Option<Option<i64>>,
    /// How long one may live at most, in seconds.
    pub max_seconds: Option<Option<i64>>,
    /// What becomes of those that nobody uses.
    pub idle: Option<Option<IdleRule>>,
}

impl From<SetPolicy> for ChangePolicy {
    fn from(SetPolicy { default_seconds, max_seconds, idle }: SetPolicy) -> ChangePolicy {
        ChangePolicy { default_seconds: Some(default_seconds), max_seconds: Some(max_seconds), idle: Some(idle) }
    }
}

impl ChangePolicy {
    /// What the level says then, of what it says.
    #[must_use]
    pub fn of(self, said: Option<&PolicyRule>) -> SetPolicy {
        SetPolicy {
            default_seconds: self.default_seconds.unwrap_or_else(|| said?.default_seconds),
            max_seconds: self.max_seconds.unwrap_or_else(|| said?.max_seconds),
            idle: self.idle.unwrap_or_else(|| said?.idle),
        }
    }
}
