use schemars::JsonSchema;
use serde::Deserialize;

/// A body without members.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}
