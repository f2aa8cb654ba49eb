//! Why something is ended, or refused for now, as a request says it.

use jeton_core::refusal::Refusal;
use jeton_core::why::{Because, Why};
use schemars::JsonSchema;
use serde::Deserialize;

/// Why something is ended.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "End")]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// Why: `leaked`, `superseded`, `owner_left`, `no_longer_needed`, or your own words, 200 bytes at most; `unspecified` if left out.
    why: Option<String>,
}

impl End {
    /// The reason that is given.
    pub(super) fn why(&self) -> Result<Because, Refusal> {
        because(self.why.as_deref())
    }
}

/// The reason that a member gives, or that nobody said.
pub(super) fn because(why: Option<&str>) -> Result<Because, Refusal> {
    why.map_or(Ok(Why::Unspecified.into()), Because::said)
}
