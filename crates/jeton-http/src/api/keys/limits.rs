use jeton_core::rate::RateLimit;
use jeton_core::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often a key may be used.
#[derive(Clone, Copy, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// How many uses.
    count: i64,
    /// In how many seconds.
    period_seconds: i64,
}

impl Rate {
    /// As the core takes it.
    pub(super) fn limit(self) -> Result<RateLimit, Refusal> {
        RateLimit::new(self.count, self.period_seconds)
    }
}

impl From<RateLimit> for Rate {
    fn from(limit: RateLimit) -> Rate {
        Rate { count: limit.count().into(), period_seconds: limit.period_seconds().into() }
    }
}
